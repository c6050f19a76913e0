/**
 * Commits to leases.db, written by a thread of their own (commit-thread.ts). A commit waits for the disk: 0.2 ms on an idle
 * cloud disk, 5 ms on a busy one, 20 ms on an SD card. On the event loop that wait would hold up every packet and transfer.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Row } from './rows.ts';

/** To the thread: rows to write in one transaction; null: the end. */
export type Question = readonly Row[] | null;

/**
 * Places in the memory that both sides share: how many questions were put, and how many are answered. The thread sleeps on
 * the one and this side is woken by the other, which takes half of what two event loops take that send each other messages.
 */
export const COUNT = { asked: 0, answered: 1, failed: 2 } as const;

export interface ThreadData {
  readonly file: string;
  /** Questions come by it, and, to each one that failed, SQLite's words go back. */
  readonly port: MessagePort;
  /** An Int32Array over it holds what COUNT names. */
  readonly counts: SharedArrayBuffer;
}

export interface Commits {
  /**
   * Resolves when the rows are durable. When writing fails, whatever waits fails with it, the newest first: a caller that
   * takes back in this order what it had put in force arrives at what is stored.
   */
  commit(rows: readonly Row[]): Promise<void>;
  /** Waits for what was committed. */
  close(): Promise<void>;
}

interface Batch {
  readonly rows: readonly Row[];
  resolve(): void;
  reject(error: Error): void;
}

/** The file must be in order already. */
export function startCommits(file: string): Commits {
  const { port1: port, port2 } = new MessageChannel();
  const counts = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const workerData: ThreadData = { file, port: port2, counts: counts.buffer };
  const thread = new Worker(new URL('./commit-thread.ts', import.meta.url), {
    workerData,
    transferList: [port2],
  });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  let running: readonly Batch[] = [];
  /** What comes while a transaction runs goes into the next one: while the disk is slow, transactions grow. */
  let waiting: Batch[] = [];
  let failures = 0;
  let crash: Error | undefined;
  let closing = false;
  let beginning = false;

  function ask(question: Question): void {
    port.postMessage(question);
    const before = Atomics.load(counts, COUNT.answered);
    Atomics.add(counts, COUNT.asked, 1);
    Atomics.notify(counts, COUNT.asked);
    const answer = Atomics.waitAsync(counts, COUNT.answered, before);
    if (answer.async) void answer.value.then(answered);
    else answered();
  }

  function answered(): void {
    const done = running;
    running = [];
    if (Atomics.load(counts, COUNT.failed) === failures) for (const { resolve } of done) resolve();
    else {
      failures += 1;
      failAll(done, new Error(receiveMessageOnPort(port)?.message));
    }
    if (waiting.length > 0 || closing) begin();
  }

  function next(): void {
    running = waiting;
    waiting = [];
    const [first, ...others] = running;
    if (first !== undefined) ask(others.length === 0 ? first.rows : running.flatMap(({ rows }) => rows));
    else if (closing) ask(null);
  }

  /** Not at once: what other sockets and this turn of the event loop still bring goes with it. */
  function begin(): void {
    if (beginning) return;
    beginning = true;
    setImmediate(() => {
      beginning = false;
      next();
    });
  }

  /** What waits was decided upon what failed, so it fails too. */
  function failAll(done: readonly Batch[], error: Error): void {
    const failed = [...done, ...waiting].reverse();
    waiting = [];
    for (const { reject } of failed) reject(error);
  }

  thread.on('error', (error) => {
    crash = new Error(`the thread that writes leases has ended: ${error}`);
    failAll(running, crash);
    running = [];
  });

  return {
    commit(rows) {
      if (crash !== undefined) return Promise.reject(crash);
      return new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject });
        if (running.length === 0) begin();
      });
    },
    async close() {
      closing = true;
      if (running.length === 0) begin();
      await ended;
      port.close();
    },
  };
}
