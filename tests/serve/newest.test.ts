import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createNewest } from '../../src/serve/newest.ts';

describe('what is kept of the newest', () => {
  test('a key that is set again counts as new', () => {
    const newest = createNewest<string, number>(2);
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['a', 4],
      ['d', 5],
      ['e', 6],
    ] as const)
      newest.set(key, value);
    assert.deepEqual([newest.get('a'), newest.get('b')], [4, undefined]);
  });

  test('the newest `limit` keys are there, and never more than twice as many', () => {
    const keys = fc.array(fc.nat({ max: 30 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), keys, (limit, told) => {
        const newest = createNewest<number, number>(limit);
        told.forEach((key, at) => {
          newest.set(key, at);
        });
        const youngestFirst = [...new Set(told.toReversed())];
        for (const key of youngestFirst.slice(0, limit)) assert.equal(newest.get(key), told.lastIndexOf(key));
        assert.ok(youngestFirst.filter((key) => newest.get(key) !== undefined).length <= 2 * limit);
      }),
    );
  });
});
