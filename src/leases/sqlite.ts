/** The embedded store: one SQLite file, in WAL mode, synced at every commit. */
import { DatabaseSync } from 'node:sqlite';
import { startCommits } from './commits.ts';
import { leaseFile, openLeaseFile, said, storedRows } from './lease-file.ts';
import { checkLog } from './log-check.ts';
import { rowOf } from './rows.ts';
import { lockState } from './state-lock.ts';
import { type Binding, type LeaseStore, StoreUnavailable } from './store.ts';

/** Opens the store in a state directory, making both if need be, and locks the directory. Throws StoreUnavailable. */
export function openSqliteStore(directory: string): LeaseStore {
  const lock = lockState(directory);
  try {
    const store = createStore(directory, openLeaseFile(directory));
    return {
      ...store,
      async close() {
        await store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function createStore(directory: string, database: DatabaseSync): LeaseStore {
  const commits = startCommits(leaseFile(directory));
  return {
    async load(each) {
      try {
        for (const binding of storedRows(database)) each(binding);
      } catch (error) {
        throw cannotRead(directory, error);
      }
    },
    async commit(changes) {
      try {
        await commits.commit(changes.map(rowOf));
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
      await commits.close();
      database.close();
    },
  };
}

function cannotRead(directory: string, error: unknown): StoreUnavailable {
  return new StoreUnavailable(
    `cannot read the leases in ${leaseFile(directory)}: ${said(error)}`,
    'the file may be damaged: restore it from a backup, with its own leases.db-wal or none; moving both away forgets all leases',
    { cause: error },
  );
}

/** Reads the bindings of a state directory, by address, without disturbing a server that may be running on it. */
export function readBindings(directory: string): readonly Binding[] {
  const file = leaseFile(directory);
  let database: DatabaseSync | undefined;
  try {
    // SQLite deletes a log that does not fit even for those who only read.
    checkLog(file);
    database = new DatabaseSync(file, { readOnly: true });
    // One moment for both tables: a server moves rows from one to the other meanwhile.
    database.exec('BEGIN');
    const newest = new Map<number, Binding>();
    for (const binding of storedRows(database)) newest.set(binding.ip, binding);
    return [...newest.values()].sort((a, b) => a.ip - b.ip);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    throw new StoreUnavailable(
      `cannot read the leases in ${file}: ${said(error)}`,
      'name the configuration of the server with -c, and run as a user who may read its state directory',
      { cause: error },
    );
  } finally {
    database?.close();
  }
}
