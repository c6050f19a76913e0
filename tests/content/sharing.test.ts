import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharing } from '../../src/content/sharing.ts';

/** Searches that end when they are told to. */
function searches() {
  const begun: PromiseWithResolvers<string>[] = [];
  const find = (): Promise<string> => {
    const search = Promise.withResolvers<string>();
    begun.push(search);
    return search.promise;
  };
  return { begun, find };
}

test('who asks while a search runs shares the next one, which begins when that one is over', async () => {
  const { ask } = createSharing<string>();
  const { begun, find } = searches();
  const first = ask('a', find);
  const others = [ask('a', find), ask('a', find), ask('a', find)];
  assert.equal(begun.length, 1);
  begun[0]?.resolve('old');
  assert.equal(await first, 'old');
  assert.equal(begun.length, 2);
  begun[1]?.resolve('new');
  assert.deepEqual(await Promise.all(others), ['new', 'new', 'new']);
  ask('a', find);
  assert.equal(begun.length, 3, 'nothing is kept of what is over');
});

test('a search that fails is over as well', async () => {
  const { ask } = createSharing<string>();
  const { begun, find } = searches();
  const first = ask('a', find);
  const second = ask('a', find);
  begun[0]?.reject(new Error('broken'));
  await assert.rejects(first, /broken/);
  begun[1]?.resolve('found');
  assert.equal(await second, 'found');
});

test('different questions do not wait for one another', () => {
  const { ask } = createSharing<string>();
  const { begun, find } = searches();
  ask('a', find);
  ask('b', find);
  assert.equal(begun.length, 2);
});
