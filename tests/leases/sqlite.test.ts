import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { leaseFile, openSqliteStore, readBindings } from '../../src/leases/sqlite.ts';
import { type Binding, StoreUnavailable } from '../../src/leases/store.ts';
import { binding } from './rules.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pilotlight-leases-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function loaded(): Promise<Binding[]> {
  const store = openSqliteStore(directory);
  const bindings: Binding[] = [];
  await store.load((each) => void bindings.push(each));
  await store.close();
  return bindings;
}

test('what was committed is there again, every field of it, and the newest state of an address wins', async () => {
  const store = openSqliteStore(directory);
  const first = binding('10.0.0.10', 'a', { hostname: 'node1', clientId: '01aabb' });
  const second = binding('255.255.255.254', 'b', { state: 'declined' });
  await store.commit([first, second]);
  await store.commit([{ ...first, state: 'released' }]);
  await store.close();
  const expected = [
    { ...first, state: 'released' },
    { ...second, hostname: undefined, clientId: undefined },
  ];
  assert.deepEqual(await loaded(), expected);
  assert.deepEqual(readBindings(directory), expected);
});

test('a running server is read without disturbing it', async () => {
  const store = openSqliteStore(directory);
  await store.commit([binding('10.0.0.10', 'a')]);
  assert.equal(readBindings(directory).length, 1);
  await store.commit([binding('10.0.0.11', 'b')]);
  assert.equal(readBindings(directory).length, 2);
  await store.close();
});

test('the journal is a WAL, so that readers and the server do not wait for each other', async () => {
  const store = openSqliteStore(directory);
  await store.commit([binding('10.0.0.10', 'a')]);
  const other = new DatabaseSync(leaseFile(directory), { readOnly: true });
  assert.equal(other.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  other.close();
  await store.close();
});

test('a file that is no database is a clear error', async () => {
  writeFileSync(
    leaseFile(directory),
    'this is no database, it only looks like a file of some length '.repeat(40),
  );
  assert.throws(
    () => openSqliteStore(directory),
    (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /leases\.db: file is not a database/);
      return true;
    },
  );
});

test('a file of a later version is refused', () => {
  const database = new DatabaseSync(leaseFile(directory));
  database.exec('PRAGMA user_version = 99');
  database.close();
  assert.throws(() => openSqliteStore(directory), /later version/);
});

test('a store that cannot be written rejects, and works again when it can', async () => {
  const store = openSqliteStore(directory);
  const blocker = new DatabaseSync(leaseFile(directory));
  blocker.exec('BEGIN EXCLUSIVE');
  await assert.rejects(store.commit([binding('10.0.0.10', 'a')]), StoreUnavailable);
  blocker.exec('ROLLBACK');
  blocker.close();
  await store.commit([binding('10.0.0.11', 'b')]);
  await store.close();
  assert.deepEqual(
    (await loaded()).map(({ identity }) => identity),
    ['b'],
  );
});
