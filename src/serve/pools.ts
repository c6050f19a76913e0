/** How full the pools are, as people and programs read it. */
import type { DhcpPolicy } from '../config/model.ts';
import type { LeaseTable } from '../leases/table.ts';
import { formatRange, formatSubnet, type Ipv4 } from '../values/ipv4.ts';

/** Contract: one entry of `pilotlight leases --pools --json`, /v1/pools, and `pools` of /v1/status. */
export interface PoolEntry {
  readonly pool: string;
  readonly subnet: string;
  /** Addresses of the pool, which are the sum of all that follow. */
  readonly size: number;
  readonly bound: number;
  /** Held for clients that have been offered them. */
  readonly offered: number;
  /** In use by strangers, and kept out for a time. */
  readonly declined: number;
  /** Kept for machines of the inventory that do not use them now. */
  readonly reserved: number;
  /** What a new client can get. */
  readonly free: number;
}

/** Pool by pool, by address. `reserved`: the addresses that the inventory gives to machines. */
export function poolEntries(
  table: Pick<LeaseTable, 'usage'>,
  policy: DhcpPolicy,
  reserved: Iterable<Ipv4>,
): PoolEntry[] {
  const subnets = new Map(
    policy.subnets.flatMap(({ subnet, pools }) => pools.map(({ first }) => [first, formatSubnet(subnet)])),
  );
  return table.usage(reserved).map(({ range, size, bound, offered, declined, reserved: kept, free }) => ({
    pool: formatRange(range),
    subnet: subnets.get(range.first) ?? '',
    size,
    bound,
    offered,
    declined,
    reserved: kept,
    free,
  }));
}
