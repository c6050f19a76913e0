/** Which NICs are served: those that the configuration names, else every one that is up, has an address and is no loopback. */
import { NetError, type Nic } from '../net/udp.ts';
import { formatIp } from '../values/ip.ts';
import { inSubnet, type Subnet } from '../values/ipv4.ts';
import { isLinkLocal } from '../values/ipv6.ts';

/** Of the NICs that are there, those to serve: named ones in the order of their names. */
export function wantedNics(named: readonly string[] | undefined, present: readonly Nic[]): readonly Nic[] {
  if (named === undefined)
    return present.filter((nic) => nic.up && !nic.loopback && givenAddresses(nic).length > 0);
  return named.flatMap((name) => present.filter((nic) => nic.name === name));
}

/** The same at the start. Throws NetError for a named NIC that is not there, and when nothing is left to serve. */
export function chooseNics(named: readonly string[] | undefined, present: readonly Nic[]): readonly Nic[] {
  const missing = named?.find((name) => !present.some((nic) => nic.name === name));
  if (missing !== undefined) {
    const known = present.map(({ name }) => name).join(', ') || 'none';
    throw new NetError('NO_SUCH_NIC', `interface ${missing} does not exist`, `The NICs here are: ${known}.`);
  }
  const nics = wantedNics(named, present);
  if (nics.length > 0) return nics;
  throw new NetError(
    'NIC_DOWN',
    NOTHING_TO_SERVE,
    'Give one an address, for example: ip addr add 10.11.11.1/24 dev eth1 && ip link set eth1 up.',
  );
}

export const NOTHING_TO_SERVE = 'no interface is up and has an address';

/**
 * What keeps clients of a served NIC from being answered. `subnets`: those that addresses are given in; undefined where
 * another server gives them.
 */
export function hindrances(nic: Nic, subnets?: readonly Subnet[]): readonly string[] {
  const found: string[] = [];
  if (!nic.up) found.push(`${nic.name} is down: nothing arrives until it is set up`);
  if (nic.addresses.length === 0)
    found.push(
      `${nic.name} has no IPv4 address: machines on it get no DHCP answers, and files over IPv6 only`,
    );
  else if (
    subnets !== undefined &&
    !nic.addresses.some(({ address }) => subnets.some((subnet) => inSubnet(address, subnet)))
  )
    found.push(
      `${nic.name} ${addressesOf({ ...nic, addresses6: [] }).join(' ')} is in none of dhcp.subnets: only machines behind relays get addresses by it`,
    );
  return found;
}

/** All addresses of a NIC with their prefix lengths, those of IPv4 first: `10.11.11.1/24`, `fd00::1/64`. */
export function addressesOf({ addresses, addresses6 }: Nic): readonly string[] {
  return [...addresses, ...addresses6].map(({ address, prefix }) => `${formatIp(address)}/${prefix}`);
}

/** Those that somebody gave it. The link-local one of IPv6 comes by itself, to ports of bridges and containers too, a second or two after the NIC is up. */
export function givenAddresses(nic: Nic): readonly string[] {
  return addressesOf({ ...nic, addresses6: nic.addresses6.filter(({ address }) => !isLinkLocal(address)) });
}
