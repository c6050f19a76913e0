/** A clock that a test moves by hand: timers fire in their order, and nothing happens in between. */
import type { Clock } from '../../src/clock.ts';

export interface HandClock extends Clock {
  /** Moves time on, firing whatever comes due on the way. */
  advance(ms: number): void;
}

interface Armed {
  readonly name: string;
  readonly run: () => void;
  /** Undefined: fires once. */
  readonly period: number | undefined;
  due: number;
}

/** `wall`: Unix milliseconds at the start. */
export function createHandClock(wall: number): HandClock {
  const armed = new Set<Armed>();
  let now = 0;

  function arm(name: string, ms: number, run: () => void, period: number | undefined) {
    const timer: Armed = { name, run, period, due: now + ms };
    armed.add(timer);
    return { cancel: () => void armed.delete(timer) };
  }

  return {
    now: () => now,
    wall: () => wall + now,
    after: (name, ms, run) => arm(name, ms, run, undefined),
    every: (name, ms, run) => arm(name, ms, run, ms),
    armed: () => [...armed].map(({ name }) => name),
    close: () => armed.clear(),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...armed].sort((a, b) => a.due - b.due);
        if (next === undefined || next.due > end) break;
        now = next.due;
        if (next.period === undefined) armed.delete(next);
        else next.due += next.period;
        next.run();
      }
      now = end;
    },
  };
}
