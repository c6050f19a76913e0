import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Terms } from '../../src/tftp/negotiate.ts';
import { begin, type Step, step, type TransferEffect, type TransferEvent } from '../../src/tftp/transfer.ts';

const LOCK_STEP: Terms = { blockSize: 512, windowSize: 1, timeout: undefined, oack: [] };
const OFFERED: Terms = { ...LOCK_STEP, oack: [{ name: 'tsize', value: '0' }] };
const WINDOW: Terms = { ...OFFERED, windowSize: 4 };

const ack = (block: number): TransferEvent => ({ kind: 'ack', block });
const abort = (code: number): TransferEvent => ({ kind: 'error', code, message: 'stop' });
const timeout: TransferEvent = { kind: 'timeout' };

/** `oack`, `data 1-4`, `error 0`, `started`, `done` … */
function tell(effect: TransferEffect): string {
  switch (effect.kind) {
    case 'send-data':
      return `data ${effect.first}-${effect.first + effect.count - 1}`;
    case 'send-oack':
      return 'oack';
    case 'send-error':
      return `error ${effect.code}`;
    case 'finish':
      return effect.result;
    case 'started':
      return 'started';
  }
}

const told = (effects: readonly TransferEffect[]) => effects.map(tell).join(', ');

/** Plays events one after the other, `ms` apart, and checks what each brings. */
function play(first: Step, script: readonly (readonly [TransferEvent, string, number?])[]): Step {
  let current = first;
  let now = 0;
  for (const [event, expected, ms = 1] of script) {
    now = event.kind === 'timeout' ? current.state.deadline : now + ms;
    current = step(current.state, event, now);
    assert.equal(told(current.effects), expected, JSON.stringify(event));
  }
  return current;
}

test('lock-step: a block, its acknowledgement, the next', () => {
  const first = begin(LOCK_STEP, 1000, 0);
  assert.equal(told(first.effects), 'data 1-1');
  play(first, [
    [ack(0), ''],
    [ack(1), 'started, data 2-2'],
    [ack(2), 'done'],
    [ack(2), ''],
  ]);
});

const lengths: readonly (readonly [bytes: number, blocks: number])[] = [
  [0, 1],
  [1, 1],
  [511, 1],
  [512, 2],
  [513, 2],
  [1024, 3],
  [512 * 65_535, 65_536],
];
for (const [bytes, blocks] of lengths) {
  test(`${bytes} bytes take ${blocks} blocks`, () => {
    assert.equal(begin(LOCK_STEP, bytes, 0).state.lastBlock, blocks);
  });
}

test('options are offered first; ACK 0 begins', () => {
  const first = begin(OFFERED, 1000, 0);
  assert.equal(told(first.effects), 'oack');
  play(first, [
    [ack(7), ''],
    [ack(0), 'started, data 1-1'],
    [ack(1), 'data 2-2'],
    [ack(2), 'done'],
  ]);
});

for (const code of [0, 8]) {
  test(`error ${code} after the OACK is a probe`, () => {
    play(begin(OFFERED, 1000, 0), [[abort(code), 'probe']]);
  });
}

test('error 3 after the OACK, and any error later, is an abort', () => {
  play(begin(OFFERED, 1000, 0), [[abort(3), 'aborted']]);
  const { effects } = play(begin(OFFERED, 1000, 0), [
    [ack(0), 'started, data 1-1'],
    [abort(0), 'aborted'],
  ]);
  assert.deepEqual(effects, [{ kind: 'finish', result: 'aborted', detail: 'error 0: stop' }]);
});

test('a duplicate acknowledgement sends nothing twice', () => {
  play(begin(LOCK_STEP, 5000, 0), [
    [ack(1), 'started, data 2-2'],
    [ack(1), ''],
    [ack(0), ''],
    [ack(2), 'data 3-3'],
    [ack(1), ''],
    [ack(2), ''],
  ]);
});

test('an acknowledgement of what was not sent is ignored', () => {
  play(begin(LOCK_STEP, 5000, 0), [[ack(2), '']]);
});

test('a window is sent at once and acknowledged at its end', () => {
  play(begin(WINDOW, 512 * 9, 0), [
    [ack(0), 'started, data 1-4'],
    [ack(4), 'data 5-8'],
    [ack(8), 'data 9-10'],
    [ack(10), 'done'],
  ]);
});

test('a partial acknowledgement goes back to the block after it (RFC 7440 §4)', () => {
  const { state } = play(begin(WINDOW, 512 * 20, 0), [
    [ack(0), 'started, data 1-4'],
    [ack(2), 'data 3-6'],
    [ack(6), 'data 7-10'],
  ]);
  assert.equal(state.resent, 2);
});

test('a window whose first block was lost is sent again once', () => {
  play(begin(WINDOW, 512 * 20, 0), [
    [ack(0), 'started, data 1-4', 10],
    [ack(4), 'data 5-8', 10],
    [ack(4), '', 1], // doubled by the network: it comes long before an answer to 5–8 can
    [ack(4), 'data 5-8', 10],
    [ack(4), '', 10],
    [ack(8), 'data 9-12', 10],
    [ack(8), 'data 9-12', 10],
  ]);
});

test('block numbers roll over to 0', () => {
  let current = begin({ ...WINDOW, windowSize: 64 }, 512 * 140_000, 0);
  current = step(current.state, ack(0), 1);
  let now = 1;
  while (current.state.phase !== 'over') {
    assert.ok(now < 5000);
    current = step(current.state, ack(current.state.sent & 0xffff), ++now);
  }
  assert.equal(current.state.acked, 140_001);
  assert.equal(told(current.effects), 'done');
});

/** Lets every wait pass, checks that nothing is done before, and tells what each brought: `1000 data 1-1`. */
function silence(from: Step, since: number): string[] {
  let current = from;
  let now = since;
  const brought: string[] = [];
  while (current.state.phase !== 'over') {
    const { deadline } = current.state;
    assert.equal(told(step(current.state, timeout, deadline - 1).effects), '', 'not before the deadline');
    current = step(current.state, timeout, deadline);
    brought.push(`${deadline - now} ${told(current.effects)}`);
    now = deadline;
  }
  return brought;
}

test('silence: the block is repeated with growing waits, then the client is given up', () => {
  const heard = play(begin(LOCK_STEP, 5000, 0), [[ack(1), 'started, data 2-2', 100]]);
  assert.deepEqual(silence(heard, 100), [
    '300 data 2-2',
    '600 data 2-2',
    '1200 data 2-2',
    '2400 data 2-2',
    '4800 data 2-2',
    '9600 data 2-2',
    '10000 error 0, failed',
  ]);
});

for (const [name, terms, offer] of [
  ['the options', OFFERED, 'oack'],
  ['the first block', LOCK_STEP, 'data 1-1'],
] as const) {
  test(`a client that never answered gets ${name} four times and then not even an error`, () => {
    const told = silence(begin(terms, 5000, 0), 0);
    assert.deepEqual(told, [`1000 ${offer}`, `2000 ${offer}`, `4000 ${offer}`, '8000 failed']);
  });
}

test('an error in place of the first ACK is no probe where no options were offered', () => {
  play(begin(LOCK_STEP, 1000, 0), [[abort(0), 'aborted']]);
});

test('the first wait is the one that the client asked for, up to ten seconds', () => {
  assert.equal(begin({ ...OFFERED, timeout: 3000 }, 1, 0).state.deadline, 3000);
  assert.equal(begin({ ...OFFERED, timeout: 255_000 }, 1, 0).state.deadline, 10_000);
});

test('the wait follows the measured round trip, and a busy client is not given up before 20 seconds', () => {
  let current = begin(LOCK_STEP, 512 * 100, 0);
  let now = 0;
  for (let block = 1; block <= 50; block++) {
    now += 100;
    current = step(current.state, ack(block), now);
  }
  const wait = current.state.deadline - now;
  assert.ok(wait >= 100 && wait < 150, `${wait} ms after steady round trips of 100 ms`);
  while (current.state.phase !== 'over') {
    const due = current.state.deadline;
    current = step(current.state, timeout, due);
    if (current.state.phase === 'over') assert.ok(due - now >= 20_000);
  }
});

test('a network that became slower is learnt although every block was repeated', () => {
  let current = begin(LOCK_STEP, 512 * 1000, 0);
  let now = 0;
  for (let block = 1; block <= 20; block++) {
    now += 2;
    current = step(current.state, ack(block), now);
  }
  let repeated = 0;
  for (let block = 21; block <= 60; block++) {
    const answer = now + 700;
    while (current.state.deadline < answer) {
      current = step(current.state, timeout, current.state.deadline);
      if (block > 30) repeated++;
    }
    now = answer;
    current = step(current.state, ack(block), now);
  }
  assert.equal(repeated, 0);
});
