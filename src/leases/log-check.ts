/**
 * leases.db-wal, the write-ahead log, has what was stored last. Where it, or the database beside it, has lost its beginning,
 * SQLite takes the store for an empty one, or for one without its newest rows: it says nothing and deletes the log.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { StoreUnavailable } from './store.ts';

/** https://sqlite.org/fileformat2.html: the bytes of the two headers, and how the log's begins. */
const DATABASE_HEADER = 100;
const LOG_HEADER = 32;
const MAGIC: readonly number[] = [0x377f0682, 0x377f0683];

/**
 * Throws StoreUnavailable when there is a log that does not fit, and what the file system throws. A server may be running.
 *
 * Nothing is refused that SQLite leaves when its process is killed or the power fails. It makes the log once page 1 of
 * the database is synced: where a log has bytes, there was a database. It syncs the log's header before it writes anything
 * after it, so a log that is no longer holds nothing, whatever its bytes are. A longer one begins with a magic number, also
 * when it is begun anew, since that number is written over itself. The rest of the header may be torn then, when all that the
 * log had is in the database too. Nor can a log that was cut be told from one whose last commit was still being written.
 */
export function checkLog(database: string): void {
  const name = basename(database);
  const log = beginningOf(`${database}-wal`, LOG_HEADER + 1);
  if (log.length === 0) return;
  const restore = `restore ${name} from a backup, with its own ${name}-wal or none`;
  // Asked after the log, since a server that starts just now makes it before.
  const size = statSync(database, { throwIfNoEntry: false })?.size;
  if (size === undefined || size < DATABASE_HEADER) {
    const what = size === undefined ? 'it is missing' : `it has ${size} bytes`;
    throw new StoreUnavailable(
      `the leases in ${database} are damaged: ${what}, and ${name}-wal is there`,
      `${restore}; moving both away forgets all leases`,
    );
  }
  if (log.length > LOG_HEADER && !MAGIC.includes(log.readUInt32BE())) {
    throw new StoreUnavailable(
      `the leases in ${database} are damaged: ${name}-wal, which has the newest, does not begin as a log`,
      `${restore}; moving ${name}-wal away forgets what was stored last`,
    );
  }
}

/** Up to so many bytes, by one read, lest a server that runs changes the file meanwhile. None when there is no file. */
function beginningOf(path: string, length: number): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
