/**
 * What was heard last of each key, for at most so many. When it is full the older half goes at once, which costs nothing in
 * between and keeps what is new.
 */
export interface Newest<Key, Value> {
  get(key: Key): Value | undefined;
  /** Makes it the newest. */
  set(key: Key, value: Value): void;
}

export function createNewest<Key, Value>(limit: number): Newest<Key, Value> {
  let known = new Map<Key, Value>();
  return {
    get: (key) => known.get(key),
    set(key, value) {
      known.delete(key);
      if (known.size >= limit) known = new Map([...known].slice(known.size >>> 1));
      known.set(key, value);
    },
  };
}
