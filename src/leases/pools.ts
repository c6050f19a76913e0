/**
 * Which addresses of the pools are free, least recently used first, in constant time a step and without memory for
 * addresses that nobody ever had: a pool is a cursor over what is untouched, then a queue of what came back.
 */
import type { Ipv4, Range } from '../values/ipv4.ts';
import { createQueue, type Queue } from './queue.ts';

export interface Pools {
  /** The index of the pool that holds an address; undefined outside all pools. */
  poolOf(ip: Ipv4): number | undefined;
  /** The indexes of the pools that lie within a range of addresses, such as a subnet. */
  within(range: Range): readonly number[];
  /**
   * The next free address of a pool: an untouched one while there are any, then the one that came back longest ago.
   * It stays where it is until take(). A candidate that is refused is passed for good: somebody holds it, and give()
   * brings it back.
   */
  peek(pool: number, candidates: Candidates): Ipv4 | undefined;
  /** The address is in use from now on. */
  take(ip: Ipv4): void;
  /** The address is free again and goes to the end of its pool's queue. */
  give(ip: Ipv4): void;
}

export interface Candidates {
  /** Nobody ever had it, and it may be given out. */
  untouched(ip: Ipv4): boolean;
  /** It came back and may still be given out. */
  usable(ip: Ipv4): boolean;
}

interface Pool {
  readonly range: Range;
  /** The first address never looked at. */
  cursor: Ipv4;
  readonly returned: Queue;
}

/** Ranges must not overlap (checked at load). */
export function createPools(ranges: readonly Range[]): Pools {
  const pools: readonly Pool[] = ranges
    .toSorted((a, b) => a.first - b.first)
    .map((range) => ({ range, cursor: range.first, returned: createQueue() }));

  /** The last pool that begins at or before the address. */
  const find = (ip: Ipv4): number => {
    let low = 0;
    let high = pools.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const pool = pools[middle];
      if (pool !== undefined && pool.range.first <= ip) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const poolOf = (ip: Ipv4): number | undefined => {
    const index = find(ip);
    const pool = pools[index];
    return pool !== undefined && ip <= pool.range.last ? index : undefined;
  };

  return {
    poolOf,
    within(range) {
      const found: number[] = [];
      for (let index = Math.max(find(range.first), 0); index < pools.length; index++) {
        const pool = pools[index];
        if (pool === undefined || pool.range.first > range.last) break;
        if (pool.range.first >= range.first && pool.range.last <= range.last) found.push(index);
      }
      return found;
    },
    peek(index, { untouched, usable }) {
      const pool = pools[index];
      if (pool === undefined) return undefined;
      for (; pool.cursor <= pool.range.last; pool.cursor++) if (untouched(pool.cursor)) return pool.cursor;
      for (;;) {
        const ip = pool.returned.first();
        if (ip === undefined || usable(ip)) return ip;
        pool.returned.delete(ip);
      }
    },
    take(ip) {
      const pool = pools[poolOf(ip) ?? -1];
      if (pool === undefined) return;
      if (pool.cursor === ip) pool.cursor++;
      pool.returned.delete(ip);
    },
    give(ip) {
      pools[poolOf(ip) ?? -1]?.returned.push(ip);
    },
  };
}
