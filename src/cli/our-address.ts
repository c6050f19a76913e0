/** The address by which the machines of a network reach this server. */
import type { Config } from '../config/model.ts';
import type { Nic } from '../net/udp.ts';
import { formatIpv4, type Ipv4, inSubnet, netmask, type Subnet } from '../values/ipv4.ts';

export interface AddressFlags {
  /** The name of a NIC. */
  readonly interface?: string | undefined;
  readonly server?: Ipv4 | undefined;
}

export interface OurAddress {
  readonly address: Ipv4;
  /** The network that it is in; undefined when neither a NIC nor a subnet of the configuration tells. */
  readonly subnet: Subnet | undefined;
}

/** Why none can be told, and what to do. */
export interface NoAddress {
  readonly fault: string;
  readonly hint: string;
}

/** The flags say it, else the configuration, else the one NIC that is served; a choice among several is not guessed. */
export function ourAddress(
  flags: AddressFlags,
  config: Pick<Config, 'interfaces' | 'serverAddress' | 'dhcp'>,
  nics: readonly Nic[],
): OurAddress | NoAddress {
  const named = flags.server ?? (flags.interface === undefined ? config.serverAddress : undefined);
  if (named !== undefined) return { address: named, subnet: networkOf(named, config, nics) };
  const candidates = nics.filter(({ name, up, loopback }) =>
    flags.interface === undefined
      ? (config.interfaces?.includes(name) ?? (up && !loopback))
      : name === flags.interface,
  );
  if (flags.interface !== undefined && candidates.length === 0) {
    return {
      fault: `there is no NIC ${flags.interface}`,
      hint: `its name is one of ${nics.map(({ name }) => name).join(', ')}`,
    };
  }
  const [nic, second] = candidates.filter(({ addresses }) => addresses.length > 0);
  const address = nic?.addresses[0]?.address;
  if (nic === undefined || address === undefined) {
    const fault =
      flags.interface === undefined ? 'no NIC has an address' : `${flags.interface} has no IPv4 address`;
    return { fault, hint: 'give the address that machines are to be told: --server ADDRESS' };
  }
  if (second !== undefined) {
    const served = candidates.map(({ name, addresses }) => {
      const own = addresses[0];
      return own === undefined ? name : `${name} (${formatIpv4(own.address)})`;
    });
    return {
      fault: `several NICs are served: ${served.join(', ')}`,
      hint: 'say which network the lines are for: --interface NIC',
    };
  }
  return { address, subnet: networkOf(address, config, nics) };
}

function networkOf(address: Ipv4, { dhcp }: Pick<Config, 'dhcp'>, nics: readonly Nic[]): Subnet | undefined {
  const onNics = nics
    .flatMap(({ addresses }) => addresses)
    .map(({ address: own, prefix }) => ({ network: (own & netmask(prefix)) >>> 0, prefix }));
  const configured = dhcp.subnets.map(({ subnet }) => subnet);
  return [...onNics, ...configured].find((subnet) => inSubnet(address, subnet));
}
