/** Which NICs are served: those that the configuration names, else every one that is up, has an address and is no loopback. */
import { NetError, type Nic } from '../net/udp.ts';

export interface ChosenNics {
  readonly nics: readonly Nic[];
  /** What an operator should know about the choice. */
  readonly warnings: readonly string[];
}

/** Throws NetError for a named NIC that is not there, and when nothing is left to serve. */
export function chooseNics(named: readonly string[] | undefined, present: readonly Nic[]): ChosenNics {
  if (named === undefined) return everyNic(present);
  const warnings: string[] = [];
  const nics = named.map((name) => {
    const nic = present.find((candidate) => candidate.name === name);
    if (nic === undefined) {
      const known = present.map((candidate) => candidate.name).join(', ') || 'none';
      throw new NetError('NO_SUCH_NIC', `interface ${name} does not exist`, `The NICs here are: ${known}.`);
    }
    if (!nic.up) warnings.push(`${name} is down: nothing arrives until it is set up`);
    if (nic.addresses.length === 0)
      warnings.push(`${name} has no IPv4 address: clients on it cannot be answered`);
    return nic;
  });
  return { nics, warnings };
}

function everyNic(present: readonly Nic[]): ChosenNics {
  const nics = present.filter((nic) => nic.up && !nic.loopback && nic.addresses.length > 0);
  if (nics.length > 0) return { nics, warnings: [] };
  throw new NetError(
    'NIC_DOWN',
    'no interface is up and has an IPv4 address',
    'Give one an address, for example: ip addr add 10.11.11.1/24 dev eth1 && ip link set eth1 up.',
  );
}
