import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClientLimit } from '../../src/serve/limits.ts';

const NOW = 1_800_000_000_000;
const allowed = (limit: ReturnType<typeof createClientLimit>, mac: string, times: number, at: number) =>
  Array.from({ length: times }, () => limit.allows(mac, at)).filter(Boolean).length;

test('a burst of five seconds’ worth, then the rate, and no client pays for another', () => {
  const limit = createClientLimit(() => 10);
  assert.equal(allowed(limit, 'a', 200, NOW), 50);
  assert.equal(allowed(limit, 'b', 200, NOW), 50);
  assert.equal(allowed(limit, 'a', 200, NOW + 1000), 10);
  assert.equal(allowed(limit, 'a', 200, NOW + 3_600_000), 50, 'a long silence earns one burst, not more');
});

test('a clock that steps back neither earns nor takes', () => {
  const limit = createClientLimit(() => 10);
  assert.equal(allowed(limit, 'a', 50, NOW), 50);
  assert.equal(limit.allows('a', NOW - 60_000), false);
});

test('a flood of random addresses costs bounded memory, and the newest are still counted', () => {
  const limit = createClientLimit(() => 1, 100);
  for (let client = 0; client < 10_000; client++) limit.allows(`x${client}`, NOW);
  assert.equal(allowed(limit, 'x9999', 10, NOW), 4);
});

test('a rate that a reload has changed holds from then on, bursts included', () => {
  let rate = 10;
  const limit = createClientLimit(() => rate);
  assert.equal(allowed(limit, 'a', 200, NOW), 50);
  rate = 2;
  assert.equal(allowed(limit, 'a', 200, NOW + 3_600_000), 10);
});
