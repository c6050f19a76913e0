/** A growing list that tests wait on: serial lines, log records. */

export interface Wait {
  /** Seconds from now until the wait is given up. */
  readonly seconds: number;
  /** Index of the first item that counts; default 0: what has already come counts too. */
  readonly from?: number;
}

export interface Feed<T> {
  readonly all: readonly T[];
  push(item: T): void;
  /** No more will come: waits that are open, and later ones that find nothing, fail with this reason at once. */
  end(reason: string): void;
  /** The first item that fits. Rejects, quoting the last items, when the deadline passes or the feed ends before. */
  waitFor(what: string, fits: (item: T) => boolean, wait: Wait): Promise<T>;
  /** Calls back with each item from now on. */
  listen(listener: (item: T) => void): void;
}

export function createFeed<T>(describe: (item: T) => string): Feed<T> {
  const all: T[] = [];
  const listeners = new Set<(item: T) => void>();
  const endings = new Set<(reason: string) => void>();
  let ended: string | undefined;

  const failure = (what: string, why: string): Error => {
    const tail = all.slice(-40).map((item) => `  ${describe(item)}`);
    return new Error(`${what}: ${why}. The last of what came:\n${tail.join('\n')}`);
  };

  return {
    all,
    push(item) {
      all.push(item);
      for (const listener of [...listeners]) listener(item);
    },
    end(reason) {
      ended ??= reason;
      for (const ending of [...endings]) ending(reason);
    },
    listen(listener) {
      listeners.add(listener);
    },
    waitFor(what, fits, { seconds, from = 0 }) {
      const found = all.slice(from).find(fits);
      if (found !== undefined) return Promise.resolve(found);
      if (ended !== undefined) return Promise.reject(failure(what, ended));
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer);
          listeners.delete(onItem);
          endings.delete(onEnd);
        };
        const onItem = (item: T): void => {
          if (!fits(item)) return;
          settle();
          resolve(item);
        };
        const onEnd = (why: string): void => {
          settle();
          reject(failure(what, why));
        };
        const timer = setTimeout(() => onEnd(`nothing came in ${seconds} s`), seconds * 1000);
        listeners.add(onItem);
        endings.add(onEnd);
      });
    },
  };
}
