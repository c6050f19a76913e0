/**
 * One process at a time writes the leases of a state directory. The lock is SQLite's own, on a file that holds nothing:
 * the kernel drops it with the process, however that ends, and leases.db stays readable for others.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from './make-directory.ts';
import { StoreUnavailable } from './store.ts';

const FILE = 'lock';
const SQLITE_BUSY = 5;

export interface StateLock {
  release(): void;
}

/** Throws StoreUnavailable when another process has it, naming that process, or when the directory cannot be written. */
export function lockState(directory: string): StateLock {
  const file = join(directory, FILE);
  let database: DatabaseSync | undefined;
  try {
    makeDirectory(directory);
    database = new DatabaseSync(file, { timeout: 0 });
    // Without a journal on disk, since nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw isBusy(error) ? inUse(directory, file) : cannotLock(directory, error);
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

function inUse(directory: string, file: string): StoreUnavailable {
  return new StoreUnavailable(
    `the state directory ${directory} is in use by ${holderOf(file)}`,
    'stop that one first, or give this one a state directory of its own (`state:` in pilotlight.yaml)',
  );
}

function cannotLock(directory: string, error: unknown): StoreUnavailable {
  const why = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(
    `cannot write to the state directory ${directory}: ${why}`,
    'make it a directory that this user may write to, on a file system that is not read-only',
    { cause: error },
  );
}

/**
 * Who holds the lock, as the kernel tells: `1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 1073741825 1073742335`. A process of
 * another PID namespace is not told.
 */
function holderOf(file: string): string {
  try {
    const { ino } = statSync(file);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, , , access, pid = '', place = ''] = line.trim().split(/\s+/);
      if (access !== 'WRITE' || !place.endsWith(`:${ino}`) || !(Number(pid) > 0)) continue;
      return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
    }
  } catch {
    // It ended while we looked, or /proc is closed to us.
  }
  return 'another process';
}
