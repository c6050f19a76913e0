/**
 * Which addresses of the pools are free, least recently used first, in constant time a step and without memory for
 * addresses that nobody ever had: a pool is a cursor over what is untouched, then a queue of what was offered only, then
 * the list of those whose binding is over.
 */
import type { Ipv4, Range } from '../values/ipv4.ts';
import { append, type Chain, emptyChain, remove } from './chain.ts';
import { type Columns, LIST, NONE } from './columns.ts';
import { createQueue, type Queue } from './queue.ts';

export interface Pools {
  readonly ranges: readonly Range[];
  /** The index of the pool that holds an address; undefined outside all pools. */
  poolOf(ip: Ipv4): number | undefined;
  /** The indexes of the pools that lie within a range of addresses, such as a subnet. */
  within(range: Range): readonly number[];
  /**
   * The next free address of a pool: an untouched one while there are any (and few were offered in vain), then one that was
   * offered only, then the one whose binding ended longest ago. It stays where it is until take(). What the tests refuse is passed for good: give()
   * brings it back, and giveReserved() what was reserved.
   */
  peek(pool: number, candidates: Candidates): Ipv4 | undefined;
  /** The address is in use from now on. `slot` is that of its binding, NONE without one. */
  take(ip: Ipv4, slot: number): void;
  /** The address is free again and goes to the end of its queue. */
  give(ip: Ipv4, slot: number): void;
  /** The addresses that peek() passed as reserved, once: for when the inventory has changed. */
  takePassed(): readonly Ipv4[];
}

export interface Candidates {
  /** The slot of the binding of an address, running or not; NONE: nobody ever had it. */
  slotOf(ip: Ipv4): number;
  isOffered(ip: Ipv4): boolean;
  isReserved(ip: Ipv4): boolean;
}

interface Pool {
  /** Free addresses without a binding. */
  readonly returned: Queue;
  /** Slots of ended bindings. */
  readonly idle: Chain;
}

/** As many as limits.offers lets wait at one time: half a minute of the worst flood. */
const MOST_RETURNED = 65_536;

/** Ranges must not overlap (checked at load). */
export function createPools(ranges: readonly Range[], columns: Columns): Pools {
  const sorted = ranges.toSorted((a, b) => a.first - b.first);
  const count = sorted.length;
  const firsts = Uint32Array.from(sorted, ({ first }) => first);
  const lasts = Uint32Array.from(sorted, ({ last }) => last);
  /** Of each pool the first address never looked at; up to 2³², one beyond the last address there is. */
  const cursors = Float64Array.from(firsts);
  const pools: readonly Pool[] = sorted.map(() => ({ returned: createQueue(), idle: emptyChain() }));
  let passed: Ipv4[] = [];

  /** The last pool that begins at or before the address. */
  const find = (ip: Ipv4): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((firsts[middle] as number) <= ip) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const poolOf = (ip: Ipv4): number | undefined => {
    const index = find(ip);
    return index >= 0 && ip <= (lasts[index] as number) ? index : undefined;
  };

  const untouched = (index: number, { slotOf, isOffered, isReserved }: Candidates): Ipv4 | undefined => {
    const last = lasts[index] as number;
    for (let ip = cursors[index] as number; ip <= last; ip++) {
      cursors[index] = ip;
      if (slotOf(ip) !== NONE || isOffered(ip)) continue;
      if (!isReserved(ip)) return ip;
      passed.push(ip);
    }
    cursors[index] = last + 1;
    return undefined;
  };

  const returned = (pool: Pool, { slotOf, isOffered, isReserved }: Candidates): Ipv4 | undefined => {
    for (;;) {
      const ip = pool.returned.first();
      if (ip === undefined) return undefined;
      const isFree = slotOf(ip) === NONE && !isOffered(ip);
      if (isFree && !isReserved(ip)) return ip;
      if (isFree) passed.push(ip);
      pool.returned.delete(ip);
    }
  };

  /** Nobody has had these yet. Many that were offered only tell of a flood, whose next offers are to cost no more memory. */
  const offeredBefore = (index: number, pool: Pool, candidates: Candidates): Ipv4 | undefined =>
    pool.returned.size < MOST_RETURNED
      ? (untouched(index, candidates) ?? returned(pool, candidates))
      : (returned(pool, candidates) ?? untouched(index, candidates));

  const idle = (pool: Pool, { isOffered, isReserved }: Candidates): Ipv4 | undefined => {
    for (;;) {
      const slot = pool.idle.first;
      if (slot === NONE) return undefined;
      const ip = columns.ip[slot] as number;
      const free = !isOffered(ip);
      if (free && !isReserved(ip)) return ip;
      if (free) passed.push(ip);
      remove(columns, pool.idle, slot);
    }
  };

  return {
    ranges: sorted,
    poolOf,
    within(range) {
      const found: number[] = [];
      for (let index = Math.max(find(range.first), 0); index < count; index++) {
        const first = firsts[index] as number;
        if (first > range.last) break;
        if (first >= range.first && (lasts[index] as number) <= range.last) found.push(index);
      }
      return found;
    },
    peek(index, candidates) {
      const pool = pools[index];
      if (pool === undefined) return undefined;
      return offeredBefore(index, pool, candidates) ?? idle(pool, candidates);
    },
    take(ip, slot) {
      const index = poolOf(ip) ?? -1;
      const pool = pools[index];
      if (pool === undefined) return;
      if (cursors[index] === ip) cursors[index] = ip + 1;
      pool.returned.delete(ip);
      if (slot !== NONE && columns.list[slot] === LIST.idle) remove(columns, pool.idle, slot);
    },
    give(ip, slot) {
      const pool = pools[poolOf(ip) ?? -1];
      if (pool === undefined) return;
      if (slot === NONE) {
        pool.returned.push(ip);
        return;
      }
      if (columns.list[slot] === LIST.idle) remove(columns, pool.idle, slot);
      append(columns, pool.idle, slot);
    },
    takePassed() {
      const taken = passed;
      passed = [];
      return taken;
    },
  };
}
