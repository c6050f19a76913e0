/** `pilotlight leases`: who has which address, or how full the pools are. */
import { z } from 'zod';
import type { Config } from '../config/model.ts';
import { visible } from '../dhcp/wiretext.ts';
import { Lease, Pool } from '../http/api.ts';
import { type LeaseEntry, type LeaseFilter, selectLeases } from '../leases/entries.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { loadFor } from '../serve/inventory.ts';
import { storedTable } from '../serve/leases.ts';
import { type PoolEntry, poolEntries } from '../serve/pools.ts';
import { describedWhere } from '../serve/where.ts';
import { formatIpv4, formatSubnet, type Ipv4, inSubnet, parseRange } from '../values/ipv4.ts';
import { askServer } from './control.ts';
import { tellFailure } from './failure.ts';
import { type ConfigFlag, configOrExit } from './load.ts';
import { asColumns } from './table.ts';

type Flags = ConfigFlag &
  LeaseFilter & { readonly json?: boolean | undefined; readonly pools?: boolean | undefined };

export async function leases(flags: Flags): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  await tellFailure(async () => {
    if (flags.pools === true) print(await poolsOf(config, flags), flags, poolTable);
    else print(await leasesOf(config, flags), flags, leaseTable);
  });
}

function print<T>(entries: readonly T[], flags: Flags, asTable: (entries: readonly T[]) => string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(entries, undefined, 2)}\n` : asTable(entries));
}

async function leasesOf(config: Config, filter: LeaseFilter): Promise<LeaseEntry[]> {
  const answer = await askServer(config.state, 'GET', `/v1/leases?${queryOf(filter)}`);
  if (answer !== undefined) return z.array(Lease).parse(answer);
  const found = selectLeases(storedTable(config), filter, Date.now());
  return [...found].filter((entry) => entry !== undefined);
}

function queryOf({ mac, ip, subnet, state }: LeaseFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (mac !== undefined) query.set('mac', mac);
  if (ip !== undefined) query.set('ip', formatIpv4(ip));
  if (subnet !== undefined) query.set('subnet', formatSubnet(subnet));
  if (state !== undefined) query.set('state', state);
  return query;
}

async function poolsOf(config: Config, { subnet }: LeaseFilter): Promise<PoolEntry[]> {
  const answer = await askServer(config.state, 'GET', '/v1/pools');
  const pools =
    answer === undefined
      ? poolEntries(storedTable(config), config.dhcp, await reservedAddresses(config))
      : z.array(Pool).parse(answer);
  return pools.filter(({ pool }) => {
    const range = parseRange(pool);
    return subnet === undefined || (range !== undefined && inSubnet(range.first, subnet));
  });
}

/** The addresses that the inventory gives to machines; none while it is broken, which `check` tells. */
async function reservedAddresses(config: Config): Promise<Iterable<Ipv4>> {
  const network = createLinuxNetwork();
  const where = describedWhere(config, network.nics());
  await network.close();
  const { inventory } = await loadFor(config, where, 1);
  return inventory?.machines.byIp.keys() ?? [];
}

function leaseTable(entries: readonly LeaseEntry[]): string {
  if (entries.length === 0) return 'no leases\n';
  return asColumns(
    ['ADDRESS', 'MAC', 'STATE', 'EXPIRES', 'HOST NAME'],
    entries.map(({ ip, mac, state, expiresAt, hostname }) => [
      ip,
      mac,
      state,
      expiresAt,
      visible(hostname ?? ''),
    ]),
  );
}

function poolTable(pools: readonly PoolEntry[]): string {
  if (pools.length === 0) return 'no pools\n';
  return asColumns(
    ['POOL', 'SUBNET', 'SIZE', 'BOUND', 'OFFERED', 'DECLINED', 'RESERVED', 'FREE', 'IN USE'],
    pools.map(({ pool, subnet, size, bound, offered, declined, reserved, free }) => {
      const inUse = `${Math.floor(((size - free) * 100) / size)}%`;
      return [pool, subnet, ...[size, bound, offered, declined, reserved, free].map(String), inUse];
    }),
  );
}
