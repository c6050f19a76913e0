/** Appends changes to leases.db, durably. */
import type { DatabaseSync } from 'node:sqlite';
import { createFold } from './fold.ts';
import { COLUMNS, TOUCH } from './lease-file.ts';
import type { Row } from './rows.ts';

export interface Writer {
  /**
   * All of them or, when it throws, none. When it returns they survive a power cut. Without rows something is written all
   * the same, so that it tells whether rows could be.
   */
  write(rows: readonly Row[]): void;
}

export function createWriter(database: DatabaseSync): Writer {
  const append = database.prepare(
    `INSERT INTO recent (number, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const fold = createFold(database);
  return {
    write(rows) {
      begin.run();
      try {
        let number = fold.next;
        if (rows.length === 0) database.exec(TOUCH);
        for (const row of rows) append.run(number++, ...row);
        fold.follow(rows.map(([ip]) => ip));
        commit.run();
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      fold.committed();
    },
  };
}
