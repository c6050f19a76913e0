/** Another server's leases into the state of this one, while it is down. */
import type { Config } from '../config/model.ts';
import { identityOf, NOBODY } from '../decide/network.ts';
import type { LeaseRecord } from '../leases/formats/record.ts';
import { type ImportPlan, planImport } from '../leases/import.ts';
import { openOfflineLeases } from '../leases/offline.ts';
import type { Binding } from '../leases/store.ts';
import type { Inventory, Machine } from '../profiles/model.ts';
import { formatIpv4, formatSubnet, type Ipv4, inRange, inSubnet } from '../values/ipv4.ts';

/** Takes the leases over, all or none; the plan tells which. Throws StoreUnavailable, when a server runs too. */
export function importLeases(
  records: readonly LeaseRecord[],
  config: Config,
  inventory: Inventory,
  now: number,
): ImportPlan {
  const leases = openOfflineLeases(config.state);
  try {
    const stored = new Map<Ipv4, Binding>();
    for (const binding of leases.all()) stored.set(binding.ip, binding);
    const plan = planImport(records, { ...siteOf(config, inventory), stored: (ip) => stored.get(ip), now });
    leases.write(plan.bindings);
    return plan;
  } finally {
    leases.close();
  }
}

/** Identities as the server gives them to the same clients, and what would keep a client from renewing. */
export function siteOf(config: Config, { machines }: Inventory) {
  const subnetOf = (ip: Ipv4) => config.dhcp.subnets.find(({ subnet }) => inSubnet(ip, subnet));
  function identity({ ip, mac, clientId }: LeaseRecord): string | undefined {
    const by = subnetOf(ip)?.clientIdentity ?? 'client-id';
    const known = identityOf({ mac, clientId }, machines.byMac.get(mac), by);
    return known === NOBODY ? undefined : known;
  }

  function obstacle(ip: Ipv4, client: string): string | undefined {
    const address = formatIpv4(ip);
    const policy = subnetOf(ip);
    if (policy === undefined) return `${address} lies in no entry of dhcp.subnets`;
    const owner = machines.byIp.get(ip);
    if (owner !== undefined) {
      if (nameOf(owner) === client) return undefined;
      return `${address} is the fixed address of ${owner.name ?? owner.macs[0] ?? 'a machine'}, so its client gets another one`;
    }
    if (policy.pools.some((pool) => inRange(ip, pool))) return undefined;
    return `${address} lies in no pool of ${formatSubnet(policy.subnet)}, so its client gets another one when it renews`;
  }

  const nameOf = (machine: Machine): string => identityOf({ mac: machine.macs[0] ?? '' }, machine, 'mac');
  return { identityOf: identity, obstacle };
}
