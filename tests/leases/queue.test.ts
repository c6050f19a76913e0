import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createQueue } from '../../src/leases/queue.ts';

test('a queue of distinct numbers behaves as an insertion-ordered Set does', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), key: fc.nat(20) }),
    fc.record({ do: fc.constant('delete' as const), key: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = createQueue();
      const model = new Set<number>();
      for (const { do: action, key } of steps) {
        model.delete(key);
        if (action === 'push') {
          model.add(key);
          queue.push(key);
        } else queue.delete(key);
        assert.equal(queue.first(), model.values().next().value);
        assert.equal(queue.size, model.size);
        assert.equal(queue.has(key), model.has(key));
      }
    }),
  );
});

test('a queue that turns over a million times keeps its order and forgets what left', () => {
  const queue = createQueue();
  for (let key = 0; key < 5000; key++) queue.push(key);
  for (let turn = 0; turn < 1_000_000; turn++) {
    const key = queue.first();
    assert.equal(key, turn % 5000);
    queue.delete(turn % 5000);
    queue.push(turn % 5000);
  }
  assert.equal(queue.size, 5000);
});
