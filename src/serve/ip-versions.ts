/** Which versions of IP files are served over. */

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/record.ts';
import type { IpVersion, Ipv6Network } from '../net/udp.ts';

export interface IpVersionsOptions {
  readonly network: Pick<Ipv6Network, 'ipv6Refusal'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

/**
 * IPv4, and IPv6 where this process may have it; told where it may not. A NIC without an IPv6 address is no reason to leave it
 * out: the sockets wait for one.
 */
export function ipVersions({ network, journal, clock }: IpVersionsOptions): readonly IpVersion[] {
  const refusal = network.ipv6Refusal();
  if (refusal === undefined) return [4, 6];
  const message = `there is no IPv6 for this process (${refusal}): files are served over IPv4 only`;
  journal.write({ kind: 'notice', at: clock.wall(), level: 'info', message });
  return [4];
}
