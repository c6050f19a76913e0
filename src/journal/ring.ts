/** The last N of something, at a constant price and a constant size. */

export interface Ring<T> {
  push(item: T): void;
  /** How many are kept now. */
  readonly size: number;
  /** The newest `limit` items that `keep` accepts, oldest first. */
  last(limit: number, keep?: (item: T) => boolean): T[];
}

export function createRing<T>(capacity: number): Ring<T> {
  const items: T[] = [];
  let next = 0;

  return {
    push(item) {
      items[next] = item;
      next = (next + 1) % capacity;
    },
    get size() {
      return items.length;
    },
    last(limit, keep = () => true) {
      const found: T[] = [];
      for (let back = 1; back <= items.length && found.length < limit; back += 1) {
        const item = items[(next - back + items.length) % items.length];
        if (item !== undefined && keep(item)) found.push(item);
      }
      return found.reverse();
    },
  };
}
