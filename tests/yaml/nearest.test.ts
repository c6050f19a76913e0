import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/yaml/nearest.ts';

const KEYS = ['mode', 'subnets', 'authoritative', 'conflictCheck', 'mac'];

for (const [word, expected] of [
  ['mode', 'mode'],
  ['mdoe', 'mode'],
  ['Mode', 'mode'],
  ['subnet', 'subnets'],
  ['conflictcheck', 'conflictCheck'],
  ['authorative', 'authoritative'],
  ['mca', 'mac'],
  ['xyzzy', undefined],
  ['', undefined],
] as const) {
  test(`nearest to "${word}" is ${expected}`, () => {
    assert.equal(nearest(word, KEYS), expected);
  });
}
