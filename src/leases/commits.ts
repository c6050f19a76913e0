/**
 * Commits to leases.db, written by a thread of their own (commit-thread.ts). A commit waits for the disk: 0.3 ms on an idle
 * cloud disk, 5 ms on a busy one, 20 ms on an SD card. On the event loop that wait would hold up every packet and transfer.
 */
import { Worker } from 'node:worker_threads';
import type { Row } from './rows.ts';

/** To the thread: rows to write in one transaction; null: the end. */
export type Question = readonly Row[] | null;

/** From the thread, to each transaction: SQLite's words when it failed, else null. */
export type Answer = string | null;

export interface ThreadData {
  readonly file: string;
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
  const workerData: ThreadData = { file };
  const thread = new Worker(new URL('./commit-thread.ts', import.meta.url), { workerData });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  let running: readonly Batch[] = [];
  /** What comes while a transaction runs goes into the next one: while the disk is slow, transactions grow. */
  let waiting: Batch[] = [];
  let crash: Error | undefined;
  let closing = false;
  let beginning = false;

  const send = (question: Question): void => thread.postMessage(question);

  function next(): void {
    running = waiting;
    waiting = [];
    if (running.length > 0) send(running.flatMap(({ rows }) => rows));
    else if (closing) send(null);
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
  function failAll(error: Error): void {
    const failed = [...running, ...waiting].reverse();
    waiting = [];
    for (const { reject } of failed) reject(error);
  }

  thread.on('message', (failed: Answer) => {
    if (failed !== null) failAll(new Error(failed));
    else for (const { resolve } of running) resolve();
    running = [];
    if (waiting.length > 0 || closing) begin();
  });
  thread.on('error', (error) => {
    crash = new Error(`the thread that writes leases has ended: ${error}`);
    failAll(crash);
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
    },
  };
}
