/**
 * What was heard last of each key, for `limit` of them at least and twice as many at most: a young generation and an old one.
 * When the young one is full it becomes the old one, and what was the old one is forgotten whole, so that no packet pays
 * for sorting out thousands.
 */
export interface Newest<Key, Value> {
  get(key: Key): Value | undefined;
  /** Makes it the newest. */
  set(key: Key, value: Value): void;
}

export function createNewest<Key, Value>(limit: number): Newest<Key, Value> {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      if (young.size >= limit && !young.has(key)) {
        old = young;
        young = new Map();
      }
      young.set(key, value);
    },
  };
}
