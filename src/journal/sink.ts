/**
 * Lines → a file descriptor, behind the event loop and whatever becomes of its other end: a reader that has stopped
 * reading, a terminal that is gone, a full disk. pino's own destination ends the process for the last two, and then tries
 * for ever to write what is left, which keeps the process from ending and its ports taken.
 */
import { write, writeSync } from 'node:fs';
import type { Clock } from '../clock.ts';

export interface Sink {
  write(line: string): void;
  /** Calls back when nothing waits any more, or what waits cannot be written now. */
  flush(done: () => void): void;
  /** For the end of the process: writes what waits, as long as somebody takes it. */
  flushSync(): void;
}

export interface SinkOptions {
  readonly descriptor: number;
  /** Characters that may wait for a reader that has stopped reading; lines beyond it are lost. */
  readonly backlog: number;
  readonly clock: Pick<Clock, 'after'>;
}

/** Node makes pipes non-blocking: a full one says EAGAIN, and nothing tells when there is room again. */
const RETRY_MS = 100;
/** How often the end of the process waits so for a reader that takes nothing. */
const LAST_RETRIES = 10;
const NOTHING: Uint8Array = new Uint8Array(0);

export function createSink({ descriptor, backlog, clock }: SinkOptions): Sink {
  let waiting: string[] = [];
  let size = 0;
  /** What is being written, or will be when there is room again; nothing while the descriptor is idle. */
  let current = NOTHING;
  let stalled = false;
  let waiters: (() => void)[] = [];

  function take(): Uint8Array {
    const bytes = Buffer.from(waiting.join(''));
    waiting = [];
    size = 0;
    return bytes;
  }

  function settle(): void {
    const settled = waiters;
    waiters = [];
    for (const done of settled) done();
  }

  function writeOn(): void {
    stalled = false;
    if (current.length === 0) current = take();
    if (current.length === 0) {
      settle();
      return;
    }
    write(descriptor, current, (error, written) => {
      if (error === null) {
        current = current.subarray(written);
        writeOn();
        return;
      }
      if (error.code === 'EAGAIN') {
        stalled = true;
        clock.after('log', RETRY_MS, writeOn);
      } else {
        // Lost, with what came meanwhile. The next line tries anew: a disk may have room again.
        current = NOTHING;
        take();
      }
      settle();
    });
  }

  return {
    write(line) {
      if (size + line.length > backlog) return;
      waiting.push(line);
      size += line.length;
      if (current.length === 0) writeOn();
    },
    flush(done) {
      if (current.length === 0 || stalled) done();
      else waiters.push(done);
    },
    flushSync() {
      // A write that is under way is carried out by the thread that has it, and is not ours to repeat.
      let left: Uint8Array = stalled ? Buffer.concat([current, take()]) : take();
      for (let retries = 0; left.length > 0 && retries < LAST_RETRIES; ) {
        try {
          left = left.subarray(writeSync(descriptor, left));
          retries = 0;
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
          retries += 1;
          pause(RETRY_MS);
        }
      }
    },
  };
}

/** Holds up the whole process, which is about to end. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
