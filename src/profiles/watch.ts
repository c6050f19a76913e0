/** Keeps the inventory up to date with its files while the service runs. */
import type { Clock, Timer } from '../clock.ts';
import type { Inventory, LoadResult } from './model.ts';
import { noticeChanges } from './notice.ts';

/** Milliseconds without an event after which the files are taken to be whole. */
const QUIET_MS = 100;
/** Milliseconds after the first event when the files are read even if events do not cease. */
const PATIENCE_MS = 1000;

export interface WatchOptions {
  /** Reads everything; `version` is the next inventory's. Does not reject. */
  readonly load: (version: number) => Promise<LoadResult>;
  /** Absolute: directories (with all below them) and files. They need not exist yet. */
  readonly paths: readonly string[];
  /**
   * Told of every load that reload() asked for, and of every other whose outcome differs from the last one.
   * `changed`: `current()` is another inventory than before.
   */
  readonly onLoad: (result: LoadResult, changed: boolean) => void;
  /** Watching itself fails, such as for want of inotify watches: changes may go unnoticed. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

export interface InventoryWatch {
  /** The last good inventory; undefined until there was one. */
  current(): Inventory | undefined;
  /**
   * Loads now, or again after a load that is under way. The first load is asked for in this way, too, and watching
   * begins with it. A bad result leaves `current()` as it is.
   */
  reload(): Promise<LoadResult>;
  /** Stops watching and waits for a load that is under way; nothing is told of that one. Idempotent. */
  close(): Promise<void>;
}

export function watchInventory(options: WatchOptions): InventoryWatch {
  const { load, paths, onLoad, onError = () => {}, clock } = options;
  let current: Inventory | undefined;
  let currentFingerprint: string | undefined;
  let lastOutcome: string | undefined;
  let closed = false;
  let timer: Timer | undefined;
  /** When the first event came that no load has answered yet. */
  let waitingSince: number | undefined;
  /** Settles when no load is under way. */
  let idle: Promise<unknown> = Promise.resolve();
  /** The one load that begins then, however many want it. */
  let pending: { asked: boolean; result: Promise<LoadResult> } | undefined;
  const notice = noticeChanges({ paths, onChange: changed, onError });

  function changed(): void {
    const now = clock.now();
    waitingSince ??= now;
    timer?.cancel();
    const wait = Math.min(QUIET_MS, waitingSince + PATIENCE_MS - now);
    timer = clock.after('reload of profiles', Math.max(wait, 0), () => void begin(false).catch(onError));
  }

  /** Never two loads at once: a call during a load brings one more load, which all further calls share. */
  function begin(asked: boolean): Promise<LoadResult> {
    if (pending !== undefined) {
      pending.asked ||= asked;
      return pending.result;
    }
    const start = (): Promise<LoadResult> => {
      const told = pending?.asked ?? asked;
      pending = undefined;
      return loadOnce(told);
    };
    const result = idle.then(start);
    pending = { asked, result };
    idle = result.catch(() => undefined);
    return result;
  }

  async function loadOnce(asked: boolean): Promise<LoadResult> {
    timer?.cancel();
    waitingSince = undefined;
    await notice.refresh();
    const result = await load((current?.version ?? 0) + 1);
    const outcome = JSON.stringify([result.fingerprint, result.diagnostics]);
    const { inventory, fingerprint } = result;
    const same = fingerprint !== undefined && fingerprint === currentFingerprint;
    const swap = inventory !== undefined && !same && !closed;
    if (swap) {
      current = inventory;
      currentFingerprint = fingerprint;
    }
    if (!closed && (swap || asked || outcome !== lastOutcome)) onLoad(result, swap);
    lastOutcome = outcome;
    return result;
  }

  async function close(): Promise<void> {
    closed = true;
    timer?.cancel();
    await notice.close();
    await idle;
  }

  return { current: () => current, reload: () => begin(true), close };
}
