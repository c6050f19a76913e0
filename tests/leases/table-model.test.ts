/** The table against the plainest model there is: a Map of bindings, searched from end to end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Binding } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import type { Range } from '../../src/values/ipv4.ts';
import { NOW } from './rules.ts';

/** Two pools with a gap, so that some addresses lie in none. */
const FIRST = 0x0a000010;
const POOLS: readonly Range[] = [
  { first: FIRST, last: FIRST + 5 },
  { first: FIRST + 8, last: FIRST + 11 },
];
const EVERYTHING: Range = { first: 0, last: 0xffff_ffff };
const MACS = [
  '52:54:00:00:00:01',
  '52:54:00:00:00:02',
  'ff:ff:ff:ff:ff:ff',
  '',
  '0a',
  '80:00:02:08:fe:80:00:00',
];
const CLIENT_IDS = [undefined, '01525400000001', '01525400000002', '00', '', 'ff00112233'];

const bindings: fc.Arbitrary<Binding> = fc
  .record({
    offset: fc.nat(13),
    mac: fc.constantFrom(...MACS),
    clientId: fc.constantFrom(...CLIENT_IDS),
    identity: fc.constantFrom('of mac', 'of client id', 'machine:node1', 'declined', 'id:00', 'mac:0a'),
    hostname: fc.constantFrom(undefined, '', 'node1'),
    state: fc.constantFrom('bound', 'bound', 'released', 'declined'),
    lasts: fc.integer({ min: -3, max: 40 }),
  })
  .map(({ offset, mac, clientId, identity, hostname, state, lasts }) => ({
    ip: FIRST + offset,
    mac,
    clientId,
    identity:
      identity === 'of mac' ? `mac:${mac}` : identity === 'of client id' ? `id:${clientId}` : identity,
    hostname,
    state,
    expiresAt: lasts * 1000 + 500,
    touchedAt: lasts,
  }));

const steps = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('bind' as const), binding: bindings, saved: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), binding: bindings }) },
  fc.record({
    do: fc.constant('offer' as const),
    ip: fc.nat(11),
    client: fc.nat(3),
    seconds: fc.constantFrom(10, 10, 20),
  }),
  fc.record({ do: fc.constant('withdraw' as const), ip: fc.nat(11) }),
  fc.record({ do: fc.constant('saved' as const) }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(30) }),
  fc.record({ do: fc.constant('pools' as const), count: fc.integer({ min: 0, max: 2 }) }),
);

const byIp = (some: Iterable<Binding>): Binding[] => [...some].sort((a, b) => a.ip - b.ip);

test('any sequence of changes leaves the table as the model is', () => {
  fc.assert(
    fc.property(
      fc.array(bindings, { maxLength: 10 }),
      fc.array(steps, { maxLength: 60 }),
      (stored, sequence) => {
        const table = createLeaseTable(POOLS, 2);
        const model = new Map<number, Binding>();
        const unsaved = new Map<number, number>();
        const offers = new Map<number, { identity: string; expiresAt: number }>();
        let now = NOW;
        let pools = POOLS;
        /** What time has done to a binding, as of the last expire(). */
        let swept = now;
        const later = (each: Binding): Binding => ({ ...each, expiresAt: each.expiresAt + now });
        const isRunning = (each: Binding): boolean =>
          each.state !== 'released' && Math.floor(each.expiresAt / 1000) >= Math.floor(swept / 1000);
        for (const each of stored.map(later)) {
          table.load(each, now);
          model.set(each.ip, each);
        }
        table.setPools(pools);

        const endOffer = (ip: number): void => void offers.delete(ip);
        for (const step of sequence) {
          if (step.do === 'bind') {
            const binding = later(step.binding);
            assert.deepEqual(table.bind(binding), model.get(binding.ip));
            endOffer(binding.ip);
            model.set(binding.ip, binding);
            if (step.saved) table.saved(binding.ip);
            else unsaved.set(binding.ip, (unsaved.get(binding.ip) ?? 0) + 1);
          } else if (step.do === 'saved') {
            const [ip] = unsaved.keys();
            if (ip === undefined) continue;
            table.saved(ip);
            const left = (unsaved.get(ip) ?? 0) - 1;
            if (left === 0) unsaved.delete(ip);
            else unsaved.set(ip, left);
          } else if (step.do === 'undo') {
            const binding = later(step.binding);
            const before = table.bind(binding);
            endOffer(binding.ip);
            table.undo(binding.ip, before);
            // What time has ended meanwhile is taken back by the next sweep.
          } else if (step.do === 'offer') {
            const ip = FIRST + step.ip;
            const identity = `client ${step.client}`;
            if ((offers.get(ip)?.identity ?? identity) !== identity) continue;
            for (const [other, offer] of offers) if (offer.identity === identity) offers.delete(other);
            const expiresAt = now + step.seconds * 1000;
            table.offer({ ip, identity, since: now, expiresAt });
            offers.set(ip, { identity, expiresAt });
          } else if (step.do === 'withdraw') {
            table.withdraw(FIRST + step.ip);
            endOffer(FIRST + step.ip);
          } else if (step.do === 'pools') {
            pools = POOLS.slice(0, step.count);
            table.setPools(pools);
          } else {
            now += step.seconds * 1000;
          }
          table.expire(now);
          swept = now;
          for (const [ip, { expiresAt }] of offers) if (expiresAt <= now) offers.delete(ip);

          assert.equal(table.size, model.size);
          assert.deepEqual(byIp(table.all()), byIp(model.values()));
          assert.deepEqual(
            [...table.addresses(EVERYTHING)],
            [...model.keys()].sort((a, b) => a - b),
          );
          for (const { identity } of model.values()) {
            const own = [...model.values()].filter((each) => each.identity === identity);
            const addresses = (some: readonly { readonly ip: number }[]) => some.map(({ ip }) => ip).sort();
            assert.deepEqual(addresses(table.of(identity)), addresses(own));
          }

          for (const each of model.values()) {
            const isStored = isRunning(each) && each.state === 'bound' && !unsaved.has(each.ip);
            assert.equal(table.storedLease(each)?.expiresAt, isStored ? each.expiresAt : undefined);
            const untold = table.storedLease({ ...each, hostname: undefined });
            assert.equal(untold?.expiresAt, isStored ? each.expiresAt : undefined);
            for (const other of ['mac', 'hostname', 'identity'] as const)
              assert.equal(table.storedLease({ ...each, [other]: '00:00:00:00:00:77' }), undefined);
          }

          const idle = [...model.values()].filter((each) => !isRunning(each));
          const running = [...model.values()].filter(isRunning);
          assert.deepEqual(table.counts(), {
            bound: running.filter(({ state }) => state === 'bound').length,
            declined: running.filter(({ state }) => state === 'declined').length,
            expired: idle.filter(({ state }) => state !== 'released').length,
            released: idle.filter(({ state }) => state === 'released').length,
          });
          const reserved = [FIRST, FIRST + 9, FIRST + 13];
          const isRunningAt = (ip: number): boolean => running.some((each) => each.ip === ip);
          assert.deepEqual(
            table.usage(reserved),
            pools.map((range) => {
              const { first, last } = range;
              const isHere = (ip: number): boolean => ip >= first && ip <= last;
              const count = (some: readonly Binding[], ...states: readonly string[]): number =>
                some.filter(({ ip, state }) => isHere(ip) && states.includes(state)).length;
              const bound = count(running, 'bound');
              const declined = count(running, 'declined');
              const offered = [...offers.keys()].filter((ip) => isHere(ip) && !isRunningAt(ip)).length;
              const kept = reserved.filter((ip) => isHere(ip) && !isRunningAt(ip) && !offers.has(ip)).length;
              return {
                range,
                size: last - first + 1,
                bound,
                declined,
                expired: count(idle, 'bound', 'declined'),
                released: count(idle, 'released'),
                offered,
                reserved: kept,
                free: last - first + 1 - bound - declined - offered - kept,
              };
            }),
          );

          const next = table.nextFree(EVERYTHING, () => false);
          const free = pools
            .flatMap(({ first, last }) =>
              Array.from({ length: last - first + 1 }, (_, index) => first + index),
            )
            .filter((ip) => !offers.has(ip) && !running.some((each) => each.ip === ip));
          if (next === undefined) assert.deepEqual(free, [], 'nothing is free');
          else assert.ok(free.includes(next), 'what is given next is free');
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('addresses come back in the order in which they were last used, whatever their number', () => {
  const table = createLeaseTable([]);
  const count = 5000;
  for (let index = 0; index < count; index++) {
    const touchedAt = NOW - ((index * 7919) % count);
    table.load(
      { ip: FIRST + index, identity: `c${index}`, mac: '0a', state: 'released', expiresAt: 0, touchedAt },
      NOW,
    );
  }
  table.setPools([{ first: FIRST, last: FIRST + count - 1 }]);
  let last = 0;
  for (let turn = 0; turn < count; turn++) {
    const ip = table.nextFree(EVERYTHING, () => false) ?? 0;
    const { touchedAt = 0 } = table.at(ip) ?? {};
    assert.ok(touchedAt >= last, `turn ${turn}`);
    last = touchedAt;
    table.bind({ ip, identity: 'x', mac: '0a', state: 'bound', expiresAt: NOW + 1000, touchedAt: NOW });
  }
  assert.equal(
    table.nextFree(EVERYTHING, () => false),
    undefined,
  );
});

test('an address that is reserved no longer is given out again', () => {
  const table = createLeaseTable(POOLS);
  const reserved = new Set([FIRST, FIRST + 8]);
  const next = () => table.nextFree(EVERYTHING, (ip) => reserved.has(ip));
  const taken: number[] = [];
  for (let ip = next(); ip !== undefined; ip = next()) {
    table.bind({ ip, identity: `c${ip}`, mac: '0a', state: 'bound', expiresAt: NOW + 1000, touchedAt: NOW });
    taken.push(ip);
  }
  assert.equal(taken.length, 8);
  reserved.clear();
  table.setPools(POOLS);
  assert.equal(next(), FIRST);
});
