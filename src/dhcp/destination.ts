/**
 * Where a reply goes, as data computed from the packets (RFC 2131 §4.1). The socket code only carries it out.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

export interface Destination {
  readonly address: Ipv4;
  readonly port: number;
  /** Set when the client holds no address yet but asked for unicast: deliver to this link address. */
  readonly neighbour?: Mac | undefined;
}
