/**
 * A first-in first-out queue of distinct numbers from which any may be taken out, all in amortised constant time.
 *
 * A Set keeps insertion order too, but V8 leaves holes where entries were deleted and every iteration from the front
 * steps over them again: with tens of thousands of addresses coming and going, the first element costs microseconds.
 */
export interface Queue {
  readonly size: number;
  has(key: number): boolean;
  /** Puts a key at the end, also when it is queued already. */
  push(key: number): void;
  delete(key: number): void;
  first(): number | undefined;
}

const COMPACT_ABOVE = 1024;

export function createQueue(): Queue {
  let keys: number[] = [];
  /** The ticket under which keys[i] was pushed; a key's entry counts only while it bears its newest ticket. */
  let tickets: number[] = [];
  let head = 0;
  let nextTicket = 0;
  const current = new Map<number, number>();

  const isLive = (index: number): boolean => current.get(keys[index] as number) === tickets[index];

  const compact = (): void => {
    if (keys.length < COMPACT_ABOVE || keys.length < 2 * current.size) return;
    const live = keys.map((_, index) => index).filter((index) => index >= head && isLive(index));
    tickets = live.map((index) => tickets[index] as number);
    keys = live.map((index) => keys[index] as number);
    head = 0;
  };

  return {
    get size() {
      return current.size;
    },
    has: (key) => current.has(key),
    push(key) {
      compact();
      current.set(key, nextTicket);
      keys.push(key);
      tickets.push(nextTicket++);
    },
    delete(key) {
      current.delete(key);
    },
    first() {
      while (head < keys.length && !isLive(head)) head++;
      return keys[head];
    },
  };
}
