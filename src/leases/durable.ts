/**
 * Writes to leases.db, and syncs it by itself. SQLite as Node builds it syncs by fsync(2), which writes the file's times to
 * the file system's journal too, as often as the clock ticks; a write-ahead log, whose length seldom changes, needs no more
 * than fdatasync(2). So SQLite is told not to sync its commits (synchronous=NORMAL: only where the order of writes
 * matters, at checkpoints), and the log is synced after each: the same guarantee, with fewer and shorter waits.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { connectLeaseFile } from './lease-file.ts';
import { createWriter, type Writer } from './writer.ts';

interface Connection {
  readonly database: DatabaseSync;
  readonly writer: Writer;
  /** The write-ahead log, which SQLite makes when it first reads and keeps until the last connection closes. */
  readonly log: number;
}

export interface DurableWriter extends Writer {
  close(): void;
}

/** Throws what SQLite and the file system throw, as its members do. */
export function openDurable(file: string): DurableWriter {
  let connection: Connection | undefined = connect(file);

  function sync(log: number): void {
    try {
      fdatasyncSync(log);
    } catch (error) {
      disconnect();
      throw error;
    }
  }

  function disconnect(): void {
    if (connection === undefined) return;
    const { database, log } = connection;
    connection = undefined;
    closeSync(log);
    database.close();
  }

  return {
    write(rows) {
      connection ??= reconnect(file);
      connection.writer.write(rows);
      sync(connection.log);
    },
    close: disconnect,
  };
}

function connect(file: string): Connection {
  const database = connectLeaseFile(file);
  try {
    database.exec('PRAGMA synchronous = NORMAL');
    const writer = createWriter(database);
    return { database, writer, log: openSync(`${file}-wal`, 'r') };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * After a sync that failed. The kernel reports that once and may take what it could not write for written: a later sync
 * would succeed over a hole in the log, and a recovery would stop there. So all of the log is first written to its place in
 * the database, which is synced too, and the log begins anew. What was in it without being durable is so now; nobody was
 * told of it, and a newer row of that address will replace it.
 */
function reconnect(file: string): Connection {
  const connection = connect(file);
  const { database, log } = connection;
  try {
    const busy = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'];
    if (busy !== 0) throw new Error('the log cannot be begun anew while others read it');
    return connection;
  } catch (error) {
    closeSync(log);
    database.close();
    throw error;
  }
}
