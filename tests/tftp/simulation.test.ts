/**
 * The state machine against a network that loses, doubles and reorders, and a client that follows RFC 1350 and RFC 7440.
 * Time is simulated: the events of both sides are played in the order in which they arrive.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Terms } from '../../src/tftp/negotiate.ts';
import { begin, type Step, step, type TransferResult } from '../../src/tftp/transfer.ts';

interface Weather {
  /** Parts of a thousand. */
  readonly loss: number;
  readonly doubling: number;
  /** Milliseconds; a datagram takes between one and two of these. */
  readonly delay: number;
  readonly seed: number;
}

interface Outcome {
  readonly result: TransferResult | undefined;
  /** Block numbers as the client took them, in order. */
  readonly received: readonly number[];
  readonly dataSent: number;
  readonly timeouts: number;
  readonly acksSent: number;
  readonly resent: number;
}

/** mulberry32: the same seed, the same weather. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

type Arrival =
  | { readonly to: 'client'; readonly oack: true }
  | { readonly to: 'client'; readonly oack: false; readonly block: number }
  | { readonly to: 'server'; readonly block: number };

const CLIENT_PATIENCE = 1000;

function simulate(terms: Terms, size: number, weather: Weather): Outcome {
  const random = randomFrom(weather.seed);
  const chance = (parts: number) => random() * 1000 < parts;
  const queue: { readonly at: number; readonly what: Arrival }[] = [];
  let now = 0;

  function post(what: Arrival): void {
    for (
      const copies = chance(weather.doubling) ? 2 : 1, sent = { count: 0 };
      sent.count < copies;
      sent.count++
    ) {
      if (!chance(weather.loss)) queue.push({ at: now + weather.delay * (1 + random()), what });
    }
  }

  // The client: takes blocks in order, acknowledges the end of a window, a gap and the last block.
  const received: number[] = [];
  let inWindow = 0;
  let clientDone = false;
  let acksSent = 0;
  let clientDeadline = CLIENT_PATIENCE;
  const lastBlock = Math.floor(size / terms.blockSize) + 1;
  function acknowledge(): void {
    inWindow = 0;
    acksSent++;
    clientDeadline = now + CLIENT_PATIENCE;
    post({ to: 'server', block: received.length & 0xffff });
  }
  function onData(block: number): void {
    if (block === ((received.length + 1) & 0xffff) && !clientDone) {
      received.push(received.length + 1);
      inWindow++;
      clientDone = received.length === lastBlock;
      if (clientDone || inWindow === terms.windowSize) acknowledge();
    } else if (inWindow > 0 || terms.windowSize === 1 || clientDone) {
      acknowledge();
    }
  }

  // The server.
  let result: TransferResult | undefined;
  let dataSent = 0;
  let timeouts = 0;
  let current: Step = begin(terms, size, 0);
  function carryOut(): void {
    for (const effect of current.effects) {
      if (effect.kind === 'send-oack') post({ to: 'client', oack: true });
      if (effect.kind === 'finish') result = effect.result;
      if (effect.kind !== 'send-data') continue;
      for (let block = effect.first; block < effect.first + effect.count; block++) {
        assert.ok(block <= lastBlock, 'no block after the last one');
        dataSent++;
        post({ to: 'client', oack: false, block: block & 0xffff });
      }
    }
  }
  carryOut();

  while (result === undefined) {
    queue.sort((one, other) => one.at - other.at);
    const next = queue[0];
    const clientWaits = clientDone ? Number.POSITIVE_INFINITY : clientDeadline;
    now = Math.min(next?.at ?? Number.POSITIVE_INFINITY, current.state.deadline, clientWaits);
    if (next !== undefined && next.at <= now) {
      queue.shift();
      if (next.what.to === 'server') {
        current = step(current.state, { kind: 'ack', block: next.what.block }, now);
        carryOut();
      } else if (!next.what.oack) onData(next.what.block);
      else if (received.length === 0) acknowledge();
    } else if (current.state.deadline <= now) {
      timeouts++;
      current = step(current.state, { kind: 'timeout' }, now);
      carryOut();
    } else {
      acknowledge();
    }
  }
  return { result, received, dataSent, timeouts, acksSent, resent: current.state.resent };
}

const terms = (windowSize: number): Terms => ({
  blockSize: 16,
  windowSize,
  timeout: undefined,
  oack: [{ name: 'windowsize', value: String(windowSize) }],
});

const size = fc.integer({ min: 0, max: 4000 });
const window = fc.constantFrom(1, 2, 4, 16, 64);
const seed = fc.integer();
/** Round trips of 40 ms at most: shorter than the server's shortest wait, so nothing times out. */
const shortDelay = fc.integer({ min: 1, max: 10 });

test('bad weather: the client gets every block in order, or the transfer ends with an error', () => {
  const weather = fc.record({
    loss: fc.integer({ min: 0, max: 400 }),
    doubling: fc.integer({ min: 0, max: 300 }),
    delay: fc.integer({ min: 0, max: 200 }),
    seed,
  });
  fc.assert(
    fc.property(size, window, weather, (bytes, windowSize, sky) => {
      const outcome = simulate(terms(windowSize), bytes, sky);
      const lastBlock = Math.floor(bytes / 16) + 1;
      assert.deepEqual(
        outcome.received,
        Array.from(outcome.received, (_, at) => at + 1),
      );
      if (outcome.result === 'done') assert.equal(outcome.received.length, lastBlock);
      else assert.equal(outcome.result, 'failed');
    }),
    { numRuns: 150 },
  );
});

test('each datagram of the client and each timeout brings one window at most', () => {
  const weather = fc.record({
    loss: fc.integer({ min: 0, max: 300 }),
    doubling: fc.constant(0),
    delay: fc.integer({ min: 1, max: 50 }),
    seed,
  });
  fc.assert(
    fc.property(size, window, weather, (bytes, windowSize, sky) => {
      const { dataSent, acksSent, timeouts } = simulate(terms(windowSize), bytes, sky);
      assert.ok(dataSent <= (acksSent + timeouts) * windowSize);
    }),
    { numRuns: 80 },
  );
});

test('a network that doubles every datagram does not make the server send a block twice in lock-step', () => {
  fc.assert(
    fc.property(size, shortDelay, seed, (bytes, delay, random) => {
      const outcome = simulate(terms(1), bytes, { loss: 0, doubling: 1000, delay, seed: random });
      assert.equal(outcome.result, 'done');
      assert.equal(outcome.dataSent, Math.floor(bytes / 16) + 1);
      assert.equal(outcome.resent, 0);
    }),
  );
});

test('a tenth of all datagrams lost: every transfer arrives', () => {
  fc.assert(
    fc.property(size, window, fc.integer({ min: 1, max: 20 }), seed, (bytes, windowSize, delay, random) => {
      const sky = { loss: 100, doubling: 0, delay, seed: random };
      const { result, received } = simulate(terms(windowSize), bytes, sky);
      // The last acknowledgement may be lost with a client that is gone: the server cannot know then.
      assert.equal(received.length, Math.floor(bytes / 16) + 1);
      assert.ok(result === 'done' || result === 'failed');
    }),
    { numRuns: 80 },
  );
});
