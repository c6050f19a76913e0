/** The embedded store: one SQLite file, in WAL mode, synced at every commit. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Binding, BindingState, LeaseStore } from './store.ts';
import { StoreUnavailable } from './store.ts';

const FILE = 'leases.db';

/** Bumped when the table changes; a file of a later version is refused rather than guessed at. */
const SCHEMA_VERSION = 1;

const COLUMNS = 'ip, identity, mac, client_id, hostname, state, expires_at, touched_at';

const COLUMN_TYPES = `
    identity TEXT NOT NULL,
    mac TEXT NOT NULL,
    client_id TEXT,
    hostname TEXT,
    state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
    expires_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL`;

/**
 * Changes are appended to `recent` and folded into `leases` once there are many. Clients renew in no order, so writing
 * each to its place in `leases` writes a page a lease: of 50 000 leases in batches of 128, 25 µs a lease, half of it CPU.
 * Appended it takes 5 µs, and 2 more to fold. In the view, SQLite takes the other columns from the row of the maximum.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS leases (ip INTEGER PRIMARY KEY, ${COLUMN_TYPES}) STRICT;
  CREATE TABLE IF NOT EXISTS recent (number INTEGER PRIMARY KEY, ip INTEGER NOT NULL, ${COLUMN_TYPES}) STRICT;
  CREATE VIEW IF NOT EXISTS bindings AS
    SELECT ${COLUMNS}, max(number) FROM (
      SELECT 0 AS number, ${COLUMNS} FROM leases UNION ALL SELECT number, ${COLUMNS} FROM recent
    ) GROUP BY ip`;

const APPEND = `INSERT INTO recent (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

const FOLD = `
  BEGIN IMMEDIATE;
  INSERT OR REPLACE INTO leases SELECT ${COLUMNS} FROM recent ORDER BY ip, number;
  DELETE FROM recent;
  COMMIT`;

/** Folding so many takes 30 ms among 50 000 leases: a pause that the socket's buffer bridges. */
const FOLD_AT = 16_384;

/** Where the leases of a state directory are. */
export function leaseFile(stateDirectory: string): string {
  return join(stateDirectory, FILE);
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function openDatabase(directory: string): DatabaseSync {
  const file = leaseFile(directory);
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    database = new DatabaseSync(file);
    // FULL: a commit returns after fsync, so an acknowledged lease survives a power cut, not only a crash of ours.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
    const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (typeof version === 'number' && version > SCHEMA_VERSION) {
      throw new Error(`it was written by a later version of Pilotlight (layout ${version})`);
    }
    database.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec(FOLD);
    return database;
  } catch (error) {
    database?.close();
    throw new StoreUnavailable(
      `cannot open the leases in ${file}: ${said(error)}`,
      'check that the directory is writable and the file is a lease database; a damaged one can be moved away, which forgets all leases',
      { cause: error },
    );
  }
}

/** Columns in the order of COLUMNS: arrays cost half of what objects do, which is a second of a million leases. */
type Row = readonly [number, string, string, string | null, string | null, BindingState, number, number];

function bindingOf(row: Row): Binding {
  const [ip, identity, mac, clientId, hostname, state, expiresAt, touchedAt] = row;
  return {
    ip,
    identity,
    mac,
    clientId: clientId ?? undefined,
    hostname: hostname ?? undefined,
    state,
    expiresAt,
    touchedAt,
  };
}

function* rowsOf(database: DatabaseSync, query: string): Iterable<Binding> {
  const statement = database.prepare(query);
  statement.setReturnArrays(true);
  for (const row of statement.iterate()) yield bindingOf(row as unknown as Row);
}

/**
 * Opens the store in a state directory, making both if need be. Throws StoreUnavailable. Its commits block the event
 * loop for one fsync a batch (0.2–0.6 ms measured on a cloud disk): meanwhile packets wait in the socket, and the next
 * batch is larger.
 */
export function openSqliteStore(directory: string): LeaseStore {
  const database = openDatabase(directory);
  const append = database.prepare(APPEND);
  let appended = 0;

  const commit = (changes: readonly Binding[]): void => {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const change of changes) {
        append.run(
          change.ip,
          change.identity,
          change.mac,
          change.clientId ?? null,
          change.hostname ?? null,
          change.state,
          Math.round(change.expiresAt),
          Math.round(change.touchedAt),
        );
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    appended += changes.length;
  };

  /** Not now, so that the answers to this batch leave first. */
  const foldSoon = (): void => {
    appended = 0;
    setImmediate(() => {
      if (!database.isOpen) return;
      try {
        database.exec(FOLD);
      } catch {
        // A disk too full to fold: nothing is lost, and commits tell of it before long.
        if (database.isTransaction) database.exec('ROLLBACK');
      }
    });
  };

  return {
    async load(each) {
      try {
        for (const binding of rowsOf(database, `SELECT ${COLUMNS} FROM leases`)) each(binding);
      } catch (error) {
        throw new StoreUnavailable(
          `cannot read the leases in ${leaseFile(directory)}: ${said(error)}`,
          'the file may be damaged: restore it from a backup, or move it away, which forgets all leases',
          { cause: error },
        );
      }
    },
    async commit(changes) {
      try {
        commit(changes);
        if (appended >= FOLD_AT) foldSoon();
        return [];
      } catch (error) {
        throw new StoreUnavailable(
          `cannot write leases to ${leaseFile(directory)}: ${said(error)}`,
          'check the free space and the permissions of the state directory; no new lease is given out until it works',
          { cause: error },
        );
      }
    },
    async close() {
      database.close();
    },
  };
}

/** Reads the bindings of a state directory without disturbing a server that may be running on it; none when there is no file. */
export function readBindings(directory: string): readonly Binding[] {
  const file = leaseFile(directory);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    return [...rowsOf(database, `SELECT ${COLUMNS} FROM bindings ORDER BY ip`)];
  } catch (error) {
    throw new StoreUnavailable(
      `cannot read the leases in ${file}: ${said(error)}`,
      'name the configuration of the server with -c, and run as a user who may read its state directory',
      { cause: error },
    );
  } finally {
    database?.close();
  }
}
