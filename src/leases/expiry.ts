/**
 * The running bindings by the second in which they end: a wheel with a list for each second of its round. A binding that
 * ends in a later round stays in its list until then, which costs a look at it each round and nothing else.
 */
import { type Columns, LIST, NONE } from './columns.ts';

export interface Expiry {
  add(slot: number): void;
  remove(slot: number): void;
  /** Calls back with every slot whose second has passed, for it to be removed, about in the order in which they ended. */
  sweep(now: number, ended: (slot: number) => void): void;
}

const SECOND_MS = 1000;
/** 18 hours, which is longer than most leases last. */
const ROUND = 65_536;

export function createExpiry(columns: Columns): Expiry {
  const heads = new Int32Array(ROUND).fill(NONE);
  /** Every binding that ended before this second is taken out. */
  let sweptTo: number | undefined;

  const secondOf = (slot: number): number => Math.floor((columns.expiresAt[slot] as number) / SECOND_MS);

  function remove(slot: number): void {
    const next = columns.next[slot] as number;
    const previous = columns.previous[slot] as number;
    if (next !== NONE) columns.previous[next] = previous;
    if (previous !== NONE) columns.next[previous] = next;
    else heads[secondOf(slot) % ROUND] = next;
    columns.list[slot] = LIST.none;
  }

  function sweepSecond(second: number, until: number, ended: (slot: number) => void): void {
    let slot = heads[second % ROUND] as number;
    while (slot !== NONE) {
      const next = columns.next[slot] as number;
      if (secondOf(slot) < until) ended(slot);
      slot = next;
    }
  }

  return {
    add(slot) {
      const second = secondOf(slot);
      const place = second % ROUND;
      const head = heads[place] as number;
      columns.next[slot] = head;
      columns.previous[slot] = NONE;
      if (head !== NONE) columns.previous[head] = slot;
      heads[place] = slot;
      columns.list[slot] = LIST.running;
      // What is added after its end is found by the next sweep, which begins there.
      if (sweptTo !== undefined && second < sweptTo) sweptTo = Math.max(second, sweptTo - ROUND);
    },
    remove,
    sweep(now, ended) {
      const until = Math.floor(now / SECOND_MS);
      const from = Math.max(sweptTo ?? 0, until - ROUND);
      sweptTo = until;
      for (let second = from; second < until; second++) sweepSecond(second, until, ended);
    },
  };
}
