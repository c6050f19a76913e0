/** What the tests of allocation share: a small network, claims on it, and bindings. */
import type { OptionSet, SubnetPolicy } from '../../src/config/model.ts';
import { subnetOptionSets } from '../../src/config/subnet-options.ts';
import type { Claim, Place } from '../../src/leases/allocate.ts';
import type { Binding } from '../../src/leases/store.ts';
import { createLeaseTable, type LeaseTable } from '../../src/leases/table.ts';
import { type Ipv4, parseIpv4, parseRange, parseSubnet } from '../../src/values/ipv4.ts';

export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

const TIMES = { leaseTime: 3600, renewTime: 1800, rebindTime: 3150 };

export function subnet(cidr: string, ...pools: string[]): SubnetPolicy {
  const parsed = parseSubnet(cidr);
  if (parsed === undefined) throw new Error(`${cidr} is no subnet`);
  const ranges = pools.map((text) => {
    const range = parseRange(text);
    if (range === undefined) throw new Error(`${text} is no range`);
    return range;
  });
  return {
    subnet: parsed,
    pools: ranges,
    ...subnetOptionSets(parsed, TIMES, new Map()),
    ...TIMES,
    reuseTime: 900,
    clientIdentity: 'client-id',
    network: undefined,
    bootp: false,
  };
}

/** The same subnet with options that its author set. */
export function withOptions(policy: SubnetPolicy, own: OptionSet): SubnetPolicy {
  return { ...policy, ...subnetOptionSets(policy.subnet, policy, own) };
}

export const NOW = 1_800_000_000_000;

export function network(policy: SubnetPolicy, ...bindings: Binding[]): { table: LeaseTable; place: Place } {
  const table = createLeaseTable(policy.pools);
  for (const binding of bindings) table.load(binding, NOW);
  table.setPools(policy.pools);
  const place: Place = {
    subnets: [policy],
    serverId: ip('10.0.0.1'),
    authoritative: true,
    now: NOW,
    leases: table,
    isReserved: () => false,
  };
  return { table, place };
}

export function claim(identity: string, wishes: Partial<Claim> = {}): Claim {
  return { identity, mac: '52:54:00:00:00:01', clientId: identity, ciaddr: 0, asksTime: false, ...wishes };
}

export function binding(address: string, identity: string, more: Partial<Binding> = {}): Binding {
  return {
    ip: ip(address),
    identity,
    mac: '52:54:00:00:00:01',
    state: 'bound',
    expiresAt: NOW + 1_000_000,
    touchedAt: NOW - 1000,
    ...more,
  };
}
