/** Watches whether leases can be written: told when they no longer can, tried until they can again. */

import type { Clock, Timer } from '../clock.ts';
import type { Journal } from '../journal/record.ts';
import { type LeaseStore, StoreUnavailable } from '../leases/store.ts';

export interface WatchedStore {
  readonly store: LeaseStore;
  /** Why leases cannot be written at present; undefined when they can. */
  fault(): string | undefined;
}

export interface StoreWatchOptions {
  readonly store: LeaseStore;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** While nothing can be written, so often is tried whether there is room again: no client may come to find out. */
const RETRY_MS = 1000;

/** A disk that is full but for a little fails and works by turns; the operator is told of it once a minute. */
const QUIET_MS = 60_000;

interface Fault {
  readonly message: string;
  /** Unix milliseconds. */
  readonly since: number;
  readonly isTold: boolean;
  /** Changes that could not be written. */
  lost: number;
}

export function watchStore({ store, journal, clock }: StoreWatchOptions): WatchedStore {
  let fault: Fault | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  let retry: Timer | undefined;
  let isTrying = false;

  function failed(error: unknown, changes: number): void {
    const now = clock.wall();
    const message = error instanceof Error ? error.message : String(error);
    if (fault === undefined) {
      fault = { message, since: now, isTold: now - toldAt >= QUIET_MS, lost: 0 };
      if (fault.isTold) tellFault(error, message, now);
      retry = clock.every('lease store', RETRY_MS, tryAgain);
    }
    fault.lost += changes;
  }

  function tellFault(error: unknown, message: string, now: number): void {
    toldAt = now;
    const hint = error instanceof StoreUnavailable ? error.hint : undefined;
    const what = 'no new leases are given out, and those that run are renewed until their present end only';
    journal.write({
      kind: 'notice',
      at: now,
      level: 'error',
      message: `${message}: ${what}`,
      detail: { hint },
    });
  }

  function worked(): void {
    if (fault === undefined) return;
    const { since, isTold, lost } = fault;
    fault = undefined;
    retry?.cancel();
    const now = clock.wall();
    const seconds = Math.round((now - since) / 1000);
    const message = `leases can be written again, after ${seconds} s; ${lost} changes could not`;
    if (isTold) journal.write({ kind: 'notice', at: now, level: 'info', message });
  }

  async function commit(changes: Parameters<LeaseStore['commit']>[0]): ReturnType<LeaseStore['commit']> {
    try {
      const refusals = await store.commit(changes);
      worked();
      return refusals;
    } catch (error) {
      failed(error, changes.length);
      throw error;
    }
  }

  function tryAgain(): void {
    if (isTrying) return;
    isTrying = true;
    commit([]).then(
      () => {
        isTrying = false;
      },
      () => {
        isTrying = false;
      },
    );
  }

  return {
    store: { load: (each) => store.load(each), commit, close: () => store.close() },
    fault: () => fault?.message,
  };
}
