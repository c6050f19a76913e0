/** How many addresses of each pool are in which state, kept up to date change by change, since counting a million takes a while. */
import type { Range } from '../values/ipv4.ts';
import { type Columns, LIST } from './columns.ts';
import type { Pools } from './pools.ts';
import { STATES } from './store.ts';

/** Bindings by what they are now. */
export interface BindingCounts {
  /** A lease is running. */
  bound: number;
  /** In use by a stranger, and kept out for a time. */
  declined: number;
  /** Free again, and its last client remembered: its time has passed. */
  expired: number;
  /** The same: its client gave it back. */
  released: number;
}

export interface PoolUsage extends Readonly<BindingCounts> {
  readonly range: Range;
  /** Addresses of the pool. */
  readonly size: number;
  /** Held for a client that has been offered it. */
  readonly offered: number;
  /** Kept for a machine of the inventory that does not use it now. */
  readonly reserved: number;
  /** What a new client can get. */
  readonly free: number;
}

export function usageOf(range: Range, counts: BindingCounts, offered: number, reserved: number): PoolUsage {
  const size = range.last - range.first + 1;
  const free = size - counts.bound - counts.declined - offered - reserved;
  return { range, size, ...counts, offered, reserved, free };
}

export interface Usage {
  /** Counts a slot in (1) before it is asked for, or out (-1) before it changes. */
  count(slot: number, change: 1 | -1): void;
  /** By the index of the pool. */
  ofPool(pool: number): BindingCounts;
  /** Of every binding, those outside the pools too. */
  total(): BindingCounts;
}

const KINDS = 4;
const [BOUND, DECLINED, EXPIRED, RELEASED] = [0, 1, 2, 3] as const;
const DECLINED_STATE = STATES.indexOf('declined');
const RELEASED_STATE = STATES.indexOf('released');

export function createUsage(pools: Pools, columns: Columns): Usage {
  const outside = pools.ranges.length;
  const counts = new Int32Array((outside + 1) * KINDS);

  const kindOf = (slot: number): number => {
    if (columns.list[slot] === LIST.running) {
      return columns.state[slot] === DECLINED_STATE ? DECLINED : BOUND;
    }
    return columns.state[slot] === RELEASED_STATE ? RELEASED : EXPIRED;
  };

  const at = (pool: number, kind: number): number => counts[pool * KINDS + kind] ?? 0;
  const ofPool = (pool: number): BindingCounts => ({
    bound: at(pool, BOUND),
    declined: at(pool, DECLINED),
    expired: at(pool, EXPIRED),
    released: at(pool, RELEASED),
  });

  return {
    count(slot, change) {
      const pool = pools.poolOf(columns.ip[slot] as number) ?? outside;
      const place = pool * KINDS + kindOf(slot);
      counts[place] = (counts[place] as number) + change;
    },
    ofPool,
    total() {
      const sum = ofPool(outside);
      for (let pool = 0; pool < outside; pool++) {
        sum.bound += at(pool, BOUND);
        sum.declined += at(pool, DECLINED);
        sum.expired += at(pool, EXPIRED);
        sum.released += at(pool, RELEASED);
      }
      return sum;
    },
  };
}
