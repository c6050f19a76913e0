/** What a message tells of its client, read once. Every later step looks at facts, never at packets. */
import type { MessageName } from '../dhcp/packet.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Arch } from './arch.ts';

/**
 * rom: firmware's own PXE client. ipxe: iPXE, in a ROM or chained. http: UEFI HTTP Boot. other: anything that is not
 * booting from the network, such as an installed system's DHCP client.
 */
export type Stage = 'rom' | 'ipxe' | 'http' | 'other';

/** Where and how the datagram came in. */
export interface Arrival {
  readonly nic: string;
  /** Our own address on that NIC; 0 when it has none. */
  readonly localAddress: Ipv4;
  /** 67 or 4011. */
  readonly port: number;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
}

/** Relay agent's words about where the client is plugged in (option 82, RFC 3046). */
export interface RelayFacts {
  readonly giaddr: Ipv4;
  /** As text when printable, else hex. */
  readonly circuitId?: string | undefined;
  readonly remoteId?: string | undefined;
  /** RFC 3527: choose the subnet by this address instead of giaddr. */
  readonly linkSelection?: Ipv4 | undefined;
}

export interface Facts {
  readonly message: MessageName | 'BOOTP';
  readonly mac: Mac;
  /** Option 61 in hex. */
  readonly clientId?: string | undefined;
  readonly hostname?: string | undefined;
  readonly stage: Stage;
  /** Of the option 93 list, the first that the registry knows; else from option 60. */
  readonly arch?: Arch | undefined;
  /** The number behind arch, or the first unknown one. */
  readonly archCode?: number | undefined;
  readonly uuid?: string | undefined;
  readonly vendorClass?: string | undefined;
  /** RFC 3004 strings, or the one raw string that iPXE and dhclient send. */
  readonly userClasses: readonly string[];
  /** iPXE's own sub-option numbers with a non-zero value (option 175): what it was built with. */
  readonly ipxeFeatures?: ReadonlySet<number> | undefined;
  readonly relay?: RelayFacts | undefined;
  readonly arrival: Arrival;
}
