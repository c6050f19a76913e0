/** leases.db: its layout, how it is opened and checked, and how its rows are read. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkLog } from './log-check.ts';
import { bindingOf, type Row } from './rows.ts';
import { type Binding, StoreUnavailable } from './store.ts';

const FILE = 'leases.db';

/** Bumped when the layout changes; a file of a later version is refused rather than guessed at. */
const LAYOUT = 2;

export const COLUMNS = 'ip, identity, mac, client_id, hostname, state, expires_at, touched_at';

/** With OR, since for an IN of three SQLite makes a table of them, each time that it writes a row: 5 of a commit's 30 µs. */
const COLUMN_TYPES = `
    identity TEXT NOT NULL,
    mac TEXT NOT NULL,
    client_id TEXT,
    hostname TEXT,
    state TEXT NOT NULL CHECK (state = 'bound' OR state = 'released' OR state = 'declined'),
    expires_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL`;

/** Changes are appended to `recent`, and folded into `leases` little by little (fold.ts). */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS leases (ip INTEGER PRIMARY KEY, ${COLUMN_TYPES}) STRICT;
  CREATE TABLE IF NOT EXISTS recent (number INTEGER PRIMARY KEY, ip INTEGER NOT NULL, ${COLUMN_TYPES}) STRICT;`;

/** Changes nothing, by writing a page. */
export const TOUCH = `PRAGMA user_version = ${LAYOUT}`;

/** Where the leases of a state directory are. */
export function leaseFile(stateDirectory: string): string {
  return join(stateDirectory, FILE);
}

export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A connection that writes durably. Throws what SQLite throws. */
export function connectLeaseFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // FULL: a commit returns after fsync, so an acknowledged lease survives a power cut, not only a crash of ours.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens leases.db in a directory that is there, making it if need be, and checks all of it. Throws StoreUnavailable. */
export function openLeaseFile(directory: string): DatabaseSync {
  const file = leaseFile(directory);
  let database: DatabaseSync | undefined;
  try {
    checkLog(file);
    database = connectLeaseFile(file);
    prepareLayout(database);
    checkPages(database);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreUnavailable) throw error;
    if (error instanceof Damaged || isCorrupt(error)) {
      throw new StoreUnavailable(
        `the leases in ${file} are damaged: ${said(error)}`,
        `restore the file from a backup, with its own ${FILE}-wal or none, or save what is left with \`sqlite3 ${FILE} .recover\`; moving both away forgets all leases`,
        { cause: error },
      );
    }
    throw new StoreUnavailable(
      `cannot open the leases in ${file}: ${said(error)}`,
      'check that the directory is writable, the disk not full, and the file a lease database',
      { cause: error },
    );
  }
}

class Damaged extends Error {
  override readonly name = 'Damaged';
}

const SQLITE_CORRUPT = 11;

const isCorrupt = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  (error.errcode & 0xff) === SQLITE_CORRUPT;

function prepareLayout(database: DatabaseSync): void {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (typeof version === 'number' && version > LAYOUT) {
    throw new Error(`it was written by a later version of Pilotlight (layout ${version})`);
  }
  // Nothing is written to a file that is in order, so that a server can start, and renew, on a full disk.
  if (version !== LAYOUT) database.exec(`${SCHEMA}; PRAGMA user_version = ${LAYOUT}`);
}

/** Reads every page, which takes 0.2 s for a million leases. */
function checkPages(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw new Damaged(String(found).replaceAll('\n', ' '));
}

/** Every stored binding: first `leases`, then what is newer, so that of several of one address the last counts. */
export function* storedRows(database: DatabaseSync): Iterable<Binding> {
  for (const query of [`SELECT ${COLUMNS} FROM leases`, `SELECT ${COLUMNS} FROM recent ORDER BY number`]) {
    const statement = database.prepare(query);
    statement.setReturnArrays(true);
    for (const row of statement.iterate()) yield bindingOf(row as unknown as Row);
  }
}
