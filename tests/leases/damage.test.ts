/** Damage to the files of the store that SQLite takes for a store that is empty, or lacks its newest rows. */
import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { leaseFile } from '../../src/leases/lease-file.ts';
import { openSqliteStore, readBindings } from '../../src/leases/sqlite.ts';
import { StoreUnavailable } from '../../src/leases/store.ts';
import { binding } from './rules.ts';

/** Bytes of the header of a write-ahead log. */
const HEADER = 32;

let directory: string;
let file: string;
let log: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pilotlight-damage-'));
  file = leaseFile(directory);
  log = `${file}-wal`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The files as a server leaves them that is killed: what was stored last is in the log alone. */
async function killed(): Promise<void> {
  const living = mkdtempSync(join(tmpdir(), 'pilotlight-living-'));
  const store = openSqliteStore(living);
  await store.commit([binding('10.0.0.10', 'a')]);
  await store.commit([binding('10.0.0.11', 'b')]);
  copyFileSync(leaseFile(living), file);
  copyFileSync(`${leaseFile(living)}-wal`, log);
  await store.close();
  rmSync(living, { recursive: true });
}

/** And as one does that is stopped: all is in leases.db, and there is no log. */
async function stopped(): Promise<void> {
  const store = openSqliteStore(directory);
  await store.commit([binding('10.0.0.10', 'a')]);
  await store.close();
  assert.ok(!existsSync(log));
}

async function identities(): Promise<string[]> {
  const store = openSqliteStore(directory);
  const found = new Set<string>();
  await store.load(({ identity }) => void found.add(identity));
  await store.close();
  return [...found].sort();
}

function overwrite(path: string, bytes: Uint8Array): void {
  const opened = openSync(path, 'r+');
  writeSync(opened, bytes, 0, bytes.length, 0);
  closeSync(opened);
}

const garbage = (length: number): Uint8Array => new Uint8Array(length).fill(0x5a);

function assertRefused(message: RegExp): void {
  const before = existsSync(log) ? readFileSync(log) : undefined;
  // Twice, since SQLite deletes the log of a database that is empty; and whoever only reads must not delete it either.
  for (const open of [openSqliteStore, readBindings, openSqliteStore]) {
    assert.throws(
      () => open(directory),
      (error) => {
        assert.ok(error instanceof StoreUnavailable);
        assert.match(error.message, message);
        assert.match(error.hint, /from a backup.* forgets /);
        return true;
      },
    );
  }
  assert.deepEqual(existsSync(log) ? readFileSync(log) : undefined, before);
}

test('what a killed server leaves is opened', async () => {
  await killed();
  assert.ok(statSync(log).size > HEADER);
  assert.deepEqual(await identities(), ['a', 'b']);
});

test('a database that lost its beginning, beside a log', async () => {
  for (const size of [0, 1, 99]) {
    await killed();
    truncateSync(file, size);
    assertRefused(new RegExp(`leases\\.db are damaged: it has ${size} bytes, and leases\\.db-wal is there`));
  }
});

test('a database that is missing, beside a log', async () => {
  await killed();
  rmSync(file);
  assertRefused(/leases\.db are damaged: it is missing, and leases\.db-wal is there/);
  rmSync(log);
  assert.deepEqual(await identities(), [], 'as the hint says');
});

test('an empty database beside a log that has a header only, which it cannot have got without a database', async () => {
  await killed();
  truncateSync(file, 0);
  truncateSync(log, HEADER);
  assertRefused(/it has 0 bytes/);
});

test('a log that does not begin as one', async () => {
  for (const bytes of [
    garbage(HEADER),
    garbage(4),
    garbage(1),
    new Uint8Array(HEADER),
    new Uint8Array(4096),
  ]) {
    await killed();
    overwrite(log, bytes);
    assertRefused(/leases\.db are damaged: leases\.db-wal, which has the newest, does not begin as a log/);
  }
  rmSync(log);
  assert.deepEqual(await identities(), [], 'as the hint says');
});

test('a log that is all zeros, or garbage, beside a database that was in order', async () => {
  for (const bytes of [new Uint8Array(HEADER + 1), garbage(HEADER + 1), garbage(9000)]) {
    await stopped();
    writeFileSync(log, bytes);
    assertRefused(/does not begin as a log/);
    rmSync(log);
  }
  assert.deepEqual(await identities(), ['a']);
});

test('a log whose header was never synced holds nothing, whatever a power cut has made of it', async () => {
  const cuts = [0, 1, 3, 4, 31, HEADER].flatMap((length) => [new Uint8Array(length), garbage(length)]);
  for (const bytes of cuts) {
    await stopped();
    writeFileSync(log, bytes);
    assert.deepEqual(readBindings(directory).length, 1);
    assert.deepEqual(await identities(), ['a']);
  }
});

test('a log that was begun anew when the power failed holds nothing either, however its header is torn', async () => {
  await killed();
  const old = readFileSync(log);
  const store = openSqliteStore(directory);
  await store.close();
  for (let torn = 4; torn < HEADER; torn += 4) {
    writeFileSync(log, old);
    overwrite(log, Uint8Array.from([...old.subarray(0, torn), ...garbage(HEADER - torn)]));
    assert.deepEqual(await identities(), ['a', 'b']);
  }
});

test('what SQLite makes before it first writes is an empty store', async () => {
  writeFileSync(file, '');
  assert.deepEqual(await identities(), []);
  writeFileSync(file, '');
  writeFileSync(log, '');
  assert.deepEqual(await identities(), []);
});
