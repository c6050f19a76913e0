/**
 * All timers of the process, by name, and the two clocks. A clock is passed to whoever needs time, so a test can drive
 * it by hand, and closing it leaves nothing armed.
 */

/** A timer that can be called off. */
export interface Timer {
  /** Idempotent; a timer that has fired needs none. */
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean anything. */
  now(): number;
  /** Unix milliseconds. */
  wall(): number;
  /** Runs once after `ms`. After close() it does nothing. */
  after(name: string, ms: number, run: () => void): Timer;
  /** Runs every `ms` until cancelled. After close() it does nothing. */
  every(name: string, ms: number, run: () => void): Timer;
  /** The names of what is armed now, oldest first. */
  armed(): readonly string[];
  /** Cancels everything. */
  close(): void;
}

/** The clock of this machine. */
export function createClock(): Clock {
  const handles = new Map<NodeJS.Timeout, string>();
  let closed = false;

  function cancel(handle: NodeJS.Timeout): void {
    clearTimeout(handle);
    handles.delete(handle);
  }

  function arm(name: string, start: () => NodeJS.Timeout): Timer {
    if (closed) return { cancel: () => {} };
    const handle = start();
    handles.set(handle, name);
    return { cancel: () => cancel(handle) };
  }

  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    after: (name, ms, run) =>
      arm(name, () => {
        const handle = setTimeout(() => {
          handles.delete(handle);
          run();
        }, ms);
        return handle;
      }),
    every: (name, ms, run) => arm(name, () => setInterval(run, ms)),
    armed: () => [...handles.values()],
    close() {
      closed = true;
      for (const handle of [...handles.keys()]) cancel(handle);
    },
  };
}
