/** What the rules of allocation see of the leases; the table (table.ts) shows it. */
import type { Ipv4, Range } from '../values/ipv4.ts';
import type { Offer } from './offers.ts';
import type { Binding } from './store.ts';

/** A binding without the names of its client, which take longer to read than all the rest. */
export type Holding = Pick<Binding, 'ip' | 'state' | 'expiresAt' | 'touchedAt'>;

/** An address and a client. */
export type Named = Pick<Binding, 'ip' | 'identity' | 'mac' | 'hostname'>;

/** What allocation may ask. Read only, so that deciding twice gives the same answer. */
export interface LeaseView {
  at(ip: Ipv4): Binding | undefined;
  holdingAt(ip: Ipv4): Holding | undefined;
  /**
   * The lease of the address that was running at the last expire(), if it is durable and holds all of this client that is
   * asked for later: who it is, by which hardware address it can be met, and its host name, unless it tells none now.
   */
  storedLease(client: Named): Holding | undefined;
  /** Whether the binding of this address is this client's. */
  isHeldBy(ip: Ipv4, identity: string): boolean;
  /** All of a client's bindings, one for each network that it has been on. */
  of(identity: string): readonly Holding[];
  offerAt(ip: Ipv4): Offer | undefined;
  offerOf(identity: string): Offer | undefined;
  /** Offers that wait for their clients, of addresses within a range's pools. */
  offersIn(range: Range): number;
  /** Whether the address lies in a configured pool. */
  inPool(ip: Ipv4): boolean;
  /** The next free address of the pools within a range, least recently used first; undefined: exhausted. */
  nextFree(within: Range, isReserved: (ip: Ipv4) => boolean): Ipv4 | undefined;
}
