/** Work that comes in bursts, done a little at a time: between two turns the event loop sees to everybody else. */

export interface Turns {
  /** False when too much waits already. */
  add(work: () => void): boolean;
  /** What waits is not done any more. Idempotent. */
  close(): void;
}

/** `each`: pieces of work in a turn. `most`: how many may wait. */
export function createTurns(each: number, most: number): Turns {
  const waiting: (() => void)[] = [];
  let next: NodeJS.Immediate | undefined;

  function take(): void {
    for (const work of waiting.splice(0, each)) work();
    next = waiting.length === 0 ? undefined : setImmediate(take);
  }

  return {
    add(work) {
      if (waiting.length >= most) return false;
      waiting.push(work);
      next ??= setImmediate(take);
      return true;
    },
    close() {
      clearImmediate(next);
      waiting.length = 0;
    },
  };
}
