/** The leases of a state directory that no server uses meanwhile, for the commands that change them. */
import type { DatabaseSync } from 'node:sqlite';
import { COLUMNS, leaseFile, openLeaseFile, said, storedRows } from './lease-file.ts';
import { rowOf } from './rows.ts';
import { lockState } from './state-lock.ts';
import { type Binding, StoreUnavailable } from './store.ts';

export interface OfflineLeases {
  /** Every stored binding. An address may come several times: the last counts. */
  all(): Iterable<Binding>;
  /** All of them, durably, or none. Throws StoreUnavailable. */
  write(bindings: readonly Binding[]): void;
  close(): void;
}

/** Locks the directory, so that no server starts on it meanwhile. Throws StoreUnavailable, when one runs too. */
export function openOfflineLeases(directory: string): OfflineLeases {
  const lock = lockState(directory);
  let database: DatabaseSync;
  try {
    database = openLeaseFile(directory);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    all: () => storedRows(database),
    write(bindings) {
      try {
        writeAll(database, bindings);
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw new StoreUnavailable(
          `cannot write leases to ${leaseFile(directory)}: ${said(error)}; nothing has changed`,
          'check the free space and the permissions of the state directory',
          { cause: error },
        );
      }
    },
    close() {
      database.close();
      lock.release();
    },
  };
}

/** What is in `recent` counts more than what is in `leases`, so it goes there first. */
function writeAll(database: DatabaseSync, bindings: readonly Binding[]): void {
  database.exec(`
    BEGIN IMMEDIATE;
    INSERT OR REPLACE INTO leases SELECT ${COLUMNS} FROM recent ORDER BY number;
    DELETE FROM recent`);
  const put = database.prepare(`INSERT OR REPLACE INTO leases (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  for (const binding of bindings) put.run(...rowOf(binding));
  database.exec('COMMIT');
}
