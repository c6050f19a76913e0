/** Where a client that is only described would be heard: needed by `explain`, profile tests and /ipxe. */
import type { Config } from '../config/model.ts';
import type { Where } from '../decide/explain.ts';
import type { Nic } from '../net/udp.ts';
import { hostRange } from '../values/ipv4.ts';

/**
 * On the first served NIC. In full mode by our address in the first subnet: the NIC's if it has one there, else the
 * subnet's first address, since explaining must work on a laptop too.
 */
export function describedWhere(config: Config, nics: readonly Nic[]): Where {
  const served = nics.filter((nic) => config.interfaces?.includes(nic.name) ?? (nic.up && !nic.loopback));
  const nic = served.find((candidate) => candidate.addresses.length > 0) ?? served[0];
  const name = nic?.name ?? config.interfaces?.[0] ?? 'none';
  const address = nic?.addresses[0]?.address ?? config.serverAddress;
  const first = config.dhcp.subnets[0]?.subnet;
  if (address !== undefined) return { nic: name, localAddress: address };
  return { nic: name, localAddress: first === undefined ? NOWHERE : hostRange(first).first };
}

/** 192.0.2.1 (RFC 5737): an example address stands in where this host has none. */
const NOWHERE = 0xc000_0201;
