/** The far end of a transfer. */
import { type IpAddress, isIpv4 } from '../values/ip.ts';

/** Who is written to, and from which of our addresses. */
export interface Peer {
  readonly client: IpAddress;
  readonly port: number;
  readonly local: IpAddress;
}

/** What tells one client's transfers from all others. */
export type TransferIdentifier = number | string;

/**
 * A client's transfer identifier (RFC 1350 §4): its address and port as one, over IPv4 as a number that is exact below 2^53.
 * An IPv6 address is always sixteen characters long, so that the port behind it is no other's.
 */
export function transferIdentifier(client: IpAddress, port: number): TransferIdentifier {
  return isIpv4(client) ? client * 0x1_0000 + port : `${client}${port}`;
}
