/** What is decided about one message: what to answer, what changes in the leases, and why. Data only. */
import type { Facts } from '../boot/facts.ts';
import type { Quirk } from '../boot/quirks.ts';
import type { ServerUrls } from '../boot/scope.ts';
import type { DhcpPolicy, Limits } from '../config/model.ts';
import type { MessageName } from '../dhcp/packet.ts';
import type { PxeBootItem } from '../dhcp/pxe.ts';
import type { Offer } from '../leases/offers.ts';
import type { Binding } from '../leases/store.ts';
import type { LeaseView } from '../leases/view.ts';
import type { Inventory } from '../profiles/model.ts';
import type { IpAddress } from '../values/ip.ts';
import type { Ipv4, Subnet } from '../values/ipv4.ts';

/** A client's message. */
export interface Question {
  readonly facts: Facts;
  /** Option 97 as it came: echoed without being understood. */
  readonly uuid: Uint8Array | undefined;
  /** The item of a PXE boot menu that a boot server is asked for (option 43 sub-option 71). */
  readonly bootItem?: PxeBootItem | undefined;
}

/** Everything a decision may look at besides the facts. */
export interface World {
  readonly policy: DhcpPolicy;
  readonly inventory: Inventory;
  readonly leases: LeaseView;
  readonly limits: Pick<Limits, 'offers'>;
  /** What clients are told instead of the NIC's own address. */
  readonly serverAddress: Ipv4 | undefined;
  /** Whether an address is this host's own, on any NIC that is served; undefined: only the one that a message came in by is known. */
  readonly isOurs?: ((ip: Ipv4) => boolean) | undefined;
  readonly httpPort: number;
  /** Departures of firmware, built-in and configured. */
  readonly quirks: readonly Quirk[];
  /** Whether this client asks for its first stage again and again (boot.loop). */
  readonly isLooping?: ((facts: Facts) => boolean) | undefined;
  /** Why no lease can be stored at present; undefined when one can. */
  readonly storeFault?: string | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Why no reply is sent. A closed set, since metrics count by it. */
export type IgnoreCode =
  | 'NOT_A_CLIENT' // op 2, or a message type that only servers send
  | 'NOT_BOOTING' // proxy mode answers network boots only
  | 'NOT_OURS' // a REQUEST to the site's own DHCP server, or to another server
  | 'NO_SUBNET' // full mode: no subnet is configured for the network it came from; or a relay that cannot be
  | 'NO_ADDRESS' // our own NIC has no address to answer with
  | 'NO_IDENTITY' // full mode: nothing tells this client from another
  | 'POOL_EXHAUSTED'
  | 'NOTHING_TO_BOOT' // proxy mode: no profile, or nothing to boot in it for this client
  | 'NOT_TO_BOOT' // its profile says boot: none
  | 'UNKNOWN_CLIENT' // not authoritative, and no record of it
  | 'DONE' // RELEASE has no answer, nor has a DECLINE of what the client does not hold
  | 'DECLINED' // an address is in use by somebody else: the administrator is to know (RFC 2131 §4.3.3)
  | 'RATE_LIMITED' // one client sends more than limits.clientRate
  | 'OFFERS_LIMITED' // limits.offers are waiting for their clients already
  | 'PROBING' // it asked again while the address for it is probed: the newest message is answered
  | 'PROBES_LIMITED' // too many addresses are probed at this moment
  | 'CONFLICTS' // address after address turned out to be in use
  | 'STORE_FAILED'; // its lease could not be made durable

/** What becomes of the leases. At most one of these a message. */
export type LeaseChange =
  /** `fresh`: the address was nobody's, so a conflict check is due before the reply leaves. */
  | { readonly kind: 'offer'; readonly offer: Offer; readonly fresh: boolean }
  | { readonly kind: 'bind'; readonly binding: Binding; readonly fresh?: boolean }
  /** An offer is over: the client chose another server, or has the address already. */
  | { readonly kind: 'withdraw'; readonly ip: Ipv4 };

interface Told {
  readonly profile?: string | undefined;
  /** One sentence for people. */
  readonly reason: string;
  /** Names of the quirks that shaped it; undefined: none. */
  readonly quirks?: readonly string[] | undefined;
  readonly change?: LeaseChange | undefined;
}

export interface Ignored extends Told {
  readonly kind: 'ignore';
  readonly code: IgnoreCode;
  /** The one whose pools are exhausted. */
  readonly subnet?: Subnet | undefined;
}

export interface Reply extends Told {
  readonly kind: 'reply';
  /** Undefined: a BOOTP reply. */
  readonly type: Extract<MessageName, 'OFFER' | 'ACK' | 'NAK'> | undefined;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  /** Our own address as the client reaches it. */
  readonly address: Ipv4;
  /** Option 54. */
  readonly serverId: Ipv4;
  readonly bootFile?: string | undefined;
  /** Candidates; option 55 chooses among those not in `always`. */
  readonly options: ReadonlyMap<number, Uint8Array>;
  readonly always: ReadonlySet<number>;
  /** How a quirk has it sent; undefined: at once, and as RFC 2131 §4.1 says. */
  readonly sending?:
    | { readonly broadcast?: boolean | undefined; readonly delay?: number | undefined }
    | undefined;
}

export type Decision = Ignored | Reply;

/** This server as the client of a decision reaches it. */
export function urlsOf<Address extends IpAddress>(
  world: Pick<World, 'httpPort'>,
  address: Address,
): ServerUrls<Address> {
  return { address, httpPort: world.httpPort };
}
