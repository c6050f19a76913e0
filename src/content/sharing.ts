/** Answers to questions that many ask at once: a rack that boots wants one file a thousand times within a second. */

export interface Sharing<T> {
  /**
   * Finds the answer to what `key` asks. One search for it runs at a time, and whoever asks meanwhile shares the next one:
   * no answer is older than its question.
   */
  ask(key: string, find: () => Promise<T>): Promise<T>;
}

interface Search<T> {
  readonly running: Promise<T>;
  next: Promise<T> | undefined;
}

export function createSharing<T>(): Sharing<T> {
  const searches = new Map<string, Search<T>>();

  function begin(key: string, find: () => Promise<T>): Promise<T> {
    const search: Search<T> = { running: find(), next: undefined };
    searches.set(key, search);
    const end = (): void => {
      // A next one begins by itself, and takes this one's place.
      if (search.next === undefined) searches.delete(key);
    };
    search.running.then(end, end);
    return search.running;
  }

  return {
    ask(key, find) {
      const search = searches.get(key);
      if (search === undefined) return begin(key, find);
      const after = (): Promise<T> => begin(key, find);
      search.next ??= search.running.then(after, after);
      return search.next;
    },
  };
}
