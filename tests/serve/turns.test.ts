import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createTurns } from '../../src/serve/turns.ts';

test('a burst is done in order, a few in each turn of the loop', async () => {
  const done: number[] = [];
  const turns = createTurns(2, 100);
  for (let work = 0; work < 5; work++) turns.add(() => void done.push(work));
  const seen: number[] = [];
  for (let at = 0; at < 4; at++) {
    await turn();
    seen.push(done.length);
  }
  assert.deepEqual(seen, [2, 4, 5, 5]);
  assert.deepEqual(done, [0, 1, 2, 3, 4]);
});

test('what finds no room is not done, and nothing is after closing', async () => {
  const done: number[] = [];
  const turns = createTurns(1, 2);
  const taken = [0, 1, 2].map((work) => turns.add(() => void done.push(work)));
  assert.deepEqual(taken, [true, true, false]);
  await turn();
  turns.close();
  await turn();
  assert.deepEqual(done, [0]);
});
