/** Doubly linked lists of slots over two columns of the table: whoever holds the ends makes no objects. */
import { type Columns, LIST, NONE } from './columns.ts';

/** The ends of one list; NONE when it is empty. */
export interface Chain {
  first: number;
  last: number;
}

export const emptyChain = (): Chain => ({ first: NONE, last: NONE });

/** Puts a slot at the end. It must be in no list. */
export function append(columns: Columns, chain: Chain, slot: number): void {
  columns.next[slot] = NONE;
  columns.previous[slot] = chain.last;
  if (chain.last === NONE) chain.first = slot;
  else columns.next[chain.last] = slot;
  chain.last = slot;
  columns.list[slot] = LIST.idle;
}

/** Takes a slot out of the list that it is in. */
export function remove(columns: Columns, chain: Chain, slot: number): void {
  const next = columns.next[slot] as number;
  const previous = columns.previous[slot] as number;
  if (next === NONE) chain.last = previous;
  else columns.previous[next] = previous;
  if (previous === NONE) chain.first = next;
  else columns.next[previous] = next;
  columns.list[slot] = LIST.none;
}
