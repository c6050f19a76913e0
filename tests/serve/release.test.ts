/** What an operator's release does to the table; tests/serve/leases-commands.test.ts has the command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseTable } from '../../src/leases/table.ts';
import { releaseLease } from '../../src/serve/release.ts';
import { binding, ip, NOW, network, subnet } from '../leases/rules.ts';
import { scriptedStore } from './stores.ts';

const RACK = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.10');
const ADDRESS = ip('10.0.0.10');
const EVERYTHING = { first: 0, last: 0xffff_ffff };
const OFFER = { ip: ADDRESS, identity: 'b', since: NOW, expiresAt: NOW + 10_000 };

test('a lease that runs is ended, and its address is free', async () => {
  const { table } = network(RACK, binding('10.0.0.10', 'a'));
  const released = await releaseLease(table, scriptedStore(), ADDRESS, NOW);
  assert.equal(released?.state, 'released');
  assert.equal(
    table.nextFree(EVERYTHING, () => false),
    ADDRESS,
  );
});

/** Whether a lease that is durable counts as such: none of the changes before it is waited for in vain. */
function isStoredOnceSaved(table: LeaseTable): boolean {
  const next = binding('10.0.0.10', 'b');
  table.bind(next);
  table.saved(ADDRESS);
  return table.storedLease(next) !== undefined;
}

test('the next lease of the address is told again as any other is, whether or not the release could be stored', async () => {
  const stored = network(RACK, binding('10.0.0.10', 'a')).table;
  await releaseLease(stored, scriptedStore(), ADDRESS, NOW);
  assert.ok(isStoredOnceSaved(stored));
  const failed = network(RACK, binding('10.0.0.10', 'a')).table;
  await assert.rejects(releaseLease(failed, scriptedStore('broken'), ADDRESS, NOW));
  assert.ok(isStoredOnceSaved(failed));
});

test('one that has ended is released without ending what another client is offered', async () => {
  const { table } = network(RACK, binding('10.0.0.10', 'a', { expiresAt: NOW - 1 }));
  table.offer(OFFER);
  await releaseLease(table, scriptedStore(), ADDRESS, NOW);
  assert.equal(table.at(ADDRESS)?.state, 'released');
  assert.deepEqual([table.offerAt(ADDRESS), table.offers], [OFFER, 1]);
  assert.equal(
    table.nextFree(EVERYTHING, () => false),
    undefined,
    'a third one does not get it',
  );
  table.expire(OFFER.expiresAt);
  assert.equal(
    table.nextFree(EVERYTHING, () => false),
    ADDRESS,
  );
});
