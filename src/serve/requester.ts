/** Which machine asks for a file, as far as it can be known. */
import { macInConfigName } from '../boot/config-name.ts';
import type { Requester } from '../content/resolver.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

/** Who says which machine is behind an address; undefined: it does not know. */
export interface RequesterSources {
  /** Clients that were given, or use, an address lately. */
  readonly seen: (address: Ipv4) => Mac | undefined;
  readonly leased: (address: Ipv4) => Mac | undefined;
  /** The kernel's neighbour table. */
  readonly neighbour: (address: Ipv4) => Mac | undefined;
  /** What clients are told in place of the address they asked. */
  readonly serverAddress: () => Ipv4 | undefined;
}

export type Requesters = (address: Ipv4 | undefined, path: string, localAddress: Ipv4) => Requester;

/**
 * The path comes last: anybody can ask for any name, so it counts only where nothing else is known, such as behind a
 * router when another server gives the addresses.
 */
export function createRequesters(sources: RequesterSources): Requesters {
  const macAt = (address: Ipv4): Mac | undefined =>
    sources.seen(address) ?? sources.leased(address) ?? sources.neighbour(address);
  return (address, path, localAddress) => ({
    address,
    mac: (address === undefined ? undefined : macAt(address)) ?? macInConfigName(path),
    serverAddress: sources.serverAddress() ?? localAddress,
  });
}
