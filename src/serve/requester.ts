/** Which machine asks for a file, as far as it can be known. */
import { macInConfigName } from '../boot/config-name.ts';
import type { Requester } from '../content/resolver.ts';
import type { Nic } from '../net/udp.ts';
import { type IpAddress, isIpv4 } from '../values/ip.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { type Ipv6, macInIpv6 } from '../values/ipv6.ts';
import type { Mac } from '../values/mac.ts';

/** Who says which machine is behind an address; undefined: it does not know. */
export interface RequesterSources {
  /** Whose lease of it runs. */
  readonly leased: (address: Ipv4) => Mac | undefined;
  /** Who said lately that the address is its own, or was given it by another server. */
  readonly seen: (address: Ipv4) => Mac | undefined;
  /** The kernel's neighbour tables. */
  readonly neighbour: (address: Ipv4) => Mac | undefined;
  readonly neighbour6: (address: Ipv6, nic: Nic | undefined) => Mac | undefined;
  /** What clients are told in place of the IPv4 address they asked. */
  readonly serverAddress: () => Ipv4 | undefined;
}

/** `nic`: where the request came in, where that is known. */
export type Requesters = (
  address: IpAddress | undefined,
  path: string,
  localAddress: IpAddress,
  nic?: Nic,
) => Requester;

/**
 * The path comes last: anybody can ask for any name, so it counts only where nothing else is known, such as behind a
 * router when another server gives the addresses. An IPv6 address that is made of a MAC says so behind routers too.
 */
export function createRequesters(sources: RequesterSources): Requesters {
  const macAt = (address: IpAddress, nic: Nic | undefined): Mac | undefined =>
    isIpv4(address)
      ? (sources.leased(address) ?? sources.seen(address) ?? sources.neighbour(address))
      : (sources.neighbour6(address, nic) ?? macInIpv6(address));
  return (address, path, localAddress, nic) => ({
    address,
    mac: (address === undefined ? undefined : macAt(address, nic)) ?? macInConfigName(path),
    serverAddress: (isIpv4(localAddress) ? sources.serverAddress() : undefined) ?? localAddress,
  });
}
