/** What a lease costs in memory, since a million of them must fit beside everything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Binding } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { macFromNumber } from '../../src/values/mac.ts';
import { NOW } from './rules.ts';

const COUNT = 2 ** 18;
const FIRST = 0x0a000000;

/** A client as firmware, iPXE and most systems are: it sends its MAC address, or an identifier made of it. */
function ordinary(index: number): Binding {
  const mac = macFromNumber(0x525400000000 + index);
  const clientId = index % 2 === 0 ? undefined : `01${mac.replaceAll(':', '')}`;
  return {
    ip: FIRST + index,
    identity: `mac:${mac}`,
    mac,
    clientId,
    state: 'bound',
    expiresAt: NOW + index,
    touchedAt: NOW,
  };
}

/** Bytes in use, without garbage. */
function used(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('a lease takes less than 104 bytes, and a pool as large as the network none', () => {
  const before = used();
  const table = createLeaseTable([{ first: FIRST, last: FIRST + 2 ** 24 - 1 }]);
  for (let index = 0; index < COUNT; index++) table.load(ordinary(index), NOW);
  table.setPools([{ first: FIRST, last: FIRST + 2 ** 24 - 1 }]);
  const each = (used() - before) / COUNT;
  assert.ok(each < 104, `${each.toFixed(0)} bytes a lease`);
  assert.equal(table.size, COUNT);
  assert.deepEqual(table.at(FIRST + 7), { ...ordinary(7), hostname: undefined });
});
