/** The far end of a transfer. */
import type { Ipv4 } from '../values/ipv4.ts';

/** Who is written to, and from which of our addresses. */
export interface Peer {
  readonly client: Ipv4;
  readonly port: number;
  readonly local: Ipv4;
}

/** A client's transfer identifier (RFC 1350 §4): its address and port as one number, exact below 2^53. */
export function transferIdentifier(client: Ipv4, port: number): number {
  return client * 0x1_0000 + port;
}
