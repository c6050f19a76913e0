import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { leaseFile } from '../../src/leases/lease-file.ts';
import { openSqliteStore, readBindings } from '../../src/leases/sqlite.ts';
import { type Binding, StoreUnavailable } from '../../src/leases/store.ts';
import { binding } from './rules.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pilotlight-leases-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** By address; of several of one address the last, as the table takes it. */
async function loaded(): Promise<Binding[]> {
  const store = openSqliteStore(directory);
  const bindings = new Map<number, Binding>();
  await store.load((each) => void bindings.set(each.ip, each));
  await store.close();
  return [...bindings.values()].sort((a, b) => a.ip - b.ip);
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

function rows(table: string): number {
  const database = new DatabaseSync(leaseFile(directory), { readOnly: true });
  const found = database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'];
  database.close();
  return Number(found);
}

test('changes are folded a few with each commit, and the newest of each address wins at any moment', async () => {
  let store = openSqliteStore(directory);
  const newest = new Map<number, Binding>();
  const commit = async (time: number, count: number): Promise<void> => {
    const changes = Array.from({ length: count }, (_, index) => ({
      ...binding('10.0.0.0', `client ${index}`, { hostname: undefined, clientId: undefined }),
      ip: 0x0a000000 + (((time + index) * 7919) % 12_000),
      touchedAt: time,
    }));
    await store.commit(changes);
    for (const change of changes) newest.set(change.ip, change);
  };
  const expected = () => [...newest.values()].sort((a, b) => a.ip - b.ip);
  for (let time = 0; rows('leases') === 0; time++) await commit(time, 997);
  const begun = rows('leases');
  assert.ok(begun < 4000, `${begun} rows moved at once`);
  // Reopened while rows move over, and while they are deleted.
  const left: number[] = [];
  for (let time = 100; time < 160; time++) {
    await commit(time, 499);
    assert.deepEqual(readBindings(directory), expected());
    if (time % 17 === 0) {
      left.push(rows('recent'));
      await store.close();
      assert.deepEqual(await loaded(), expected());
      store = openSqliteStore(directory);
    }
  }
  assert.ok(
    left.some((count, at) => count < (left[at - 1] ?? 0)),
    `rows of recent at each reopening: ${left}`,
  );
  for (let time = 200; time < 280; time++) await commit(time, 997);
  assert.ok(rows('recent') < 60_000, `${rows('recent')} rows are left to fold`);
  await store.close();
  assert.deepEqual(await loaded(), expected());
});

test('while clients crowd, folding waits, but not without end', async () => {
  const store = openSqliteStore(directory);
  let written = 0;
  const commit = (count: number): Promise<unknown> =>
    store.commit(
      Array.from({ length: count }, () => ({ ...binding('10.0.0.0', 'a'), ip: 0x0a000000 + written++ })),
    );
  while (written < 30_000) await commit(1000);
  assert.equal(rows('leases'), 0);
  for (let alone = 0; alone < 64; alone++) await commit(1);
  const folded = rows('leases');
  assert.ok(folded > 0, 'rows move with commits of one');
  while (written < 32_000) await commit(500);
  assert.equal(rows('leases'), folded);
  while (written < 40_000) await commit(1000);
  assert.ok(rows('leases') > folded, 'when there are twice as many they move all the same');
  await store.close();
  assert.equal((await loaded()).length, written);
});

test('a change that could not be written is not folded either', async () => {
  const store = openSqliteStore(directory);
  const changes = (state: Binding['state']) =>
    Array.from({ length: 34_000 }, (_, index) => ({
      ...binding('10.0.0.0', 'a', { state, hostname: undefined, clientId: undefined }),
      ip: 0x0a000000 + index,
    }));
  await store.commit(changes('bound'));
  const blocker = new DatabaseSync(leaseFile(directory));
  blocker.exec('BEGIN EXCLUSIVE');
  await assert.rejects(store.commit(changes('released').slice(0, 10)), StoreUnavailable);
  blocker.close();
  await store.commit(changes('declined').slice(0, 12_000));
  await store.close();
  const states = (await loaded()).map(({ state }) => state);
  assert.deepEqual(states, [...Array(12_000).fill('declined'), ...Array(22_000).fill('bound')]);
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

test('commits need not wait for each other, and arrive in their order', async () => {
  const store = openSqliteStore(directory);
  const times = Array.from({ length: 50 }, (_, time) => time);
  await Promise.all(times.map((touchedAt) => store.commit([binding('10.0.0.10', 'a', { touchedAt })])));
  await store.commit([]);
  void store.commit([binding('10.0.0.11', 'b')]);
  await store.close();
  assert.deepEqual(
    (await loaded()).map(({ touchedAt, identity }) => [touchedAt, identity]),
    [
      [49, 'a'],
      [binding('10.0.0.11', 'b').touchedAt, 'b'],
    ],
  );
});

test('when writing fails, all that waits fails with it, the newest first, and is not written later', async () => {
  const store = openSqliteStore(directory);
  await store.commit([]);
  const blocker = new DatabaseSync(leaseFile(directory));
  blocker.exec('BEGIN EXCLUSIVE');
  const failures: string[] = [];
  const commit = (name: string): Promise<void> =>
    store.commit([binding('10.0.0.10', name)]).then(
      () => assert.fail(`${name} was written`),
      (error: unknown) => {
        assert.ok(error instanceof StoreUnavailable);
        failures.push(name);
        if (blocker.isTransaction) blocker.exec('ROLLBACK');
      },
    );
  const first = commit('a');
  // By then the thread waits with the first alone; the others come while nobody knows that it fails.
  await pause(200);
  await Promise.all([first, commit('b'), commit('c')]);
  assert.deepEqual(failures, ['c', 'b', 'a']);
  blocker.close();
  await store.commit([binding('10.0.0.11', 'd')]);
  await store.close();
  assert.deepEqual(
    (await loaded()).map(({ identity }) => identity),
    ['d'],
  );
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
