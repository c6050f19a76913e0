import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
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

test('many changes are folded together, the newest of each address wins before and after', async () => {
  const store = openSqliteStore(directory);
  const round = (touchedAt: number) =>
    Array.from({ length: 6000 }, (_, index) => ({
      ...binding('10.0.0.0', `client ${index}`),
      ip: 0x0a000000 + ((index * 7919) % 6000),
      hostname: undefined,
      clientId: undefined,
      touchedAt,
    }));
  await store.commit(round(1));
  await store.commit(round(2));
  assert.deepEqual([...new Set(readBindings(directory).map(({ touchedAt }) => touchedAt))], [2]);
  await store.commit(round(3));
  await store.commit(round(4));
  const rows = (table: string): unknown => {
    const database = new DatabaseSync(leaseFile(directory), { readOnly: true });
    const found = database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'];
    database.close();
    return found;
  };
  for (const deadline = Date.now() + 5000; rows('recent') !== 0 && Date.now() < deadline; ) await turn();
  assert.equal(rows('recent'), 0, 'folded once the threshold was passed');
  assert.equal(rows('leases'), 6000);
  await store.commit(round(5).slice(0, 1));
  await store.close();
  const expected = round(4).map((each, index) => (index === 0 ? { ...each, touchedAt: 5 } : each));
  expected.sort((a, b) => a.ip - b.ip);
  assert.deepEqual(readBindings(directory), expected);
  assert.deepEqual(await loaded(), expected);
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
