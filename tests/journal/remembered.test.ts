/** What the journal remembers, against a list of all that was written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createJournal } from '../../src/journal/journal.ts';
import type { DecisionRecord, JournalRecord, TransferRecord } from '../../src/journal/record.ts';
import { createSharing } from '../../src/journal/shared.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { macFromNumber } from '../../src/values/mac.ts';
import { captureLog, OFFER } from './capture.ts';

const NO_METRICS = { record: () => {} };

const journalOf = (capacity: number, machines: number, perMachine: number) =>
  createJournal({ log: captureLog('error').log, metrics: NO_METRICS, capacity, machines, perMachine });

const macOf = (number: number): string => `00:00:00:00:00:${number.toString(16).padStart(2, '0')}`;

const transfer = (more: Partial<TransferRecord>): TransferRecord => ({
  kind: 'transfer',
  at: 0,
  protocol: 'tftp',
  event: 'done',
  client: '10.0.0.1',
  file: 'vmlinuz',
  ...more,
});

/** What says the same: keys without a value are as good as absent. */
const plain = (records: readonly JournalRecord[]): unknown => JSON.parse(JSON.stringify(records.map(sorted)));
const sorted = (record: JournalRecord): object =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The newest of what is told. */
function summaryOf(records: readonly JournalRecord[]): object {
  const decisions = records.filter((record) => record.kind === 'decision');
  const newest = decisions.at(-1);
  const ip = decisions.findLast((record) => record.ip !== undefined)?.ip;
  return {
    lastSeen: records.at(-1)?.at,
    arch: decisions.findLast((record) => record.arch !== undefined)?.arch,
    stage: newest?.stage,
    profile: decisions.findLast((record) => record.profile !== undefined)?.profile,
    ip: ip === undefined ? undefined : formatIpv4(ip),
    nic: records.findLast((record) => record.nic !== undefined)?.nic,
    last: newest === undefined ? undefined : `${newest.message} → ${newest.reply ?? 'ignored'}`,
  };
}

const maybe = <T>(...values: T[]) => fc.constantFrom(undefined, ...values);

/** Ethernet's, InfiniBand's without any octet, one of eight octets, and none at all. */
const anyMac = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 12 }).map(macOf) },
  fc.constantFrom('ff:ff:ff:ff:ff:ff', '', '00:00:00:00:00:00:00:01', undefined),
);
const anyDecision: fc.Arbitrary<DecisionRecord> = fc.record({
  kind: fc.constant('decision'),
  at: fc.nat(),
  mac: anyMac,
  nic: maybe('eth0', 'eth1'),
  message: fc.constantFrom('DISCOVER', 'REQUEST'),
  reply: maybe('OFFER', 'ACK'),
  code: maybe('NOT_OURS'),
  port: fc.constantFrom(67, 4011),
  ip: maybe(1, 0x0a000001, 0xffff_ffff),
  arch: maybe('bios', '999'),
  stage: maybe('rom', 'ipxe'),
  profile: maybe('razor', 'edge'),
  file: maybe('undionly.kpxe'),
  reason: fc.constantFrom('one', 'another'),
  quirks: maybe(['a'], ['a', 'b'], ['a', 'c']),
  exhausted: maybe('10.0.0.0/24'),
});
const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
  { weight: 5, arbitrary: anyDecision },
  fc.record({ at: fc.nat(), mac: anyMac, nic: maybe('eth0') }).map(transfer),
);
const small = fc.integer({ min: 1, max: 5 });

test('what is remembered is the end of all that was written, and of each machine', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { maxLength: 80 }),
      small,
      small,
      small,
      small,
      (written, capacity, machines, perMachine, limit) => {
        const journal = journalOf(capacity, machines, perMachine);
        /** By machine, the one heard last at the end. */
        const heard = new Map<string, { firstSeen: number; records: JournalRecord[] }>();
        for (const record of written) {
          journal.write(record);
          if (record.mac === undefined) continue;
          const story = heard.get(record.mac) ?? { firstSeen: record.at, records: [] };
          story.records.push(record);
          heard.delete(record.mac);
          heard.set(record.mac, story);
          const [silent] = heard.keys();
          if (heard.size > machines && silent !== undefined) heard.delete(silent);
        }
        assert.deepEqual(plain(journal.recent({ limit })), plain(written.slice(-Math.min(limit, capacity))));
        const summaries = journal.machines();
        assert.deepEqual(
          summaries.map(({ mac }) => mac),
          [...heard.keys()],
        );
        for (const [at, [mac, { firstSeen, records }]] of [...heard].entries()) {
          const story = journal.machine(mac) ?? assert.fail(`${mac} is forgotten`);
          const { records: told, ...summary } = story;
          const kept = records.slice(-perMachine);
          assert.deepEqual(plain(told), plain(kept));
          assert.deepEqual(plain(journal.recent({ mac, limit })), plain(kept.slice(-limit)));
          assert.deepEqual(summary, summaries[at]);
          assert.deepEqual(summary, { mac, firstSeen, ...summaryOf(kept) });
        }
        for (const record of written) {
          if (record.mac === undefined || heard.has(record.mac)) continue;
          assert.equal(journal.machine(record.mac), undefined);
          assert.deepEqual(journal.recent({ mac: record.mac }), []);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a machine that comes back before it is forgotten keeps its story', () => {
  const journal = journalOf(10, 2, 2);
  for (const [at, number] of [1, 2, 1, 3, 1].entries()) journal.write({ ...OFFER, at, mac: macOf(number) });
  const story = journal.machine(macOf(1));
  assert.deepEqual([story?.firstSeen, story?.records.map((record) => record.at)], [0, [2, 4]]);
  assert.equal(journal.machine(macOf(2)), undefined);
});

test('a story tells the newest of what is known', () => {
  const journal = journalOf(10, 1, 10);
  const mac = '52:54:00:aa:00:01';
  journal.write(OFFER);
  journal.write(transfer({ mac, at: OFFER.at + 1 }));
  journal.write({
    kind: 'decision',
    at: OFFER.at + 2,
    mac,
    message: 'REQUEST',
    port: 67,
    stage: 'ipxe',
    reason: 'x',
  });
  const { records, ...summary } = journal.machine(mac) ?? assert.fail('no story');
  assert.equal(records.length, 3);
  assert.deepEqual(summary, {
    mac,
    firstSeen: OFFER.at,
    lastSeen: OFFER.at + 2,
    arch: 'bios',
    stage: 'ipxe',
    profile: 'razor',
    ip: '10.11.11.50',
    nic: 'eth1',
    last: 'REQUEST → ignored',
  });
});

test('ten thousand machines are remembered, each by its last fifty records', () => {
  const journal = createJournal({ log: captureLog('error').log, metrics: NO_METRICS });
  const mac = (number: number): string =>
    `02:00:00:00:${macOf(number >> 8).slice(-2)}:${macOf(number & 255).slice(-2)}`;
  for (let at = 0; at < 60; at += 1) journal.write({ ...OFFER, at, mac: mac(0) });
  for (let number = 1; number < 10_000; number += 1) journal.write({ ...OFFER, at: 60, mac: mac(number) });
  assert.equal(journal.machines().length, 10_000);
  const kept = journal.machine(mac(0))?.records.map((record) => record.at);
  assert.deepEqual(
    kept,
    Array.from({ length: 50 }, (_, index) => index + 10),
  );
  journal.write({ ...OFFER, mac: mac(10_000) });
  assert.deepEqual([journal.machine(mac(0)), journal.machines().length], [undefined, 10_000]);
  assert.equal(journal.recent({ limit: 20_000 }).length, 10_000);
});

test('a flood of machines takes no memory', () => {
  const journal = journalOf(10, 10, 10);
  const before = process.memoryUsage().arrayBuffers;
  for (let number = 0; number < 200_000; number += 1) {
    journal.write({ ...OFFER, mac: macFromNumber(number) });
    journal.write(transfer({ mac: `${number}` }));
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 100_000);
  assert.equal(journal.machines().length, 10);
});

test('equal decisions share all but the time, the machine and its address', () => {
  const sharedPartOf = createSharing();
  const part = sharedPartOf({ ...OFFER, quirks: ['a'] });
  assert.equal(sharedPartOf({ ...OFFER, at: 5, mac: 'x', ip: 7, quirks: ['a'] }), part);
  for (const key of ['at', 'mac', 'ip']) assert.ok(!(key in part), key);
  const others: Partial<DecisionRecord>[] = [
    { nic: 'other' },
    { message: 'other' },
    { reply: 'other' },
    { code: 'other' },
    { port: 4011 },
    { arch: 'other' },
    { stage: 'other' },
    { profile: 'other' },
    { file: 'other' },
    { reason: 'other' },
    { exhausted: 'other' },
    { quirks: ['b'] },
    { quirks: ['a', 'b'] },
    { quirks: undefined },
  ];
  for (const other of others) {
    const { at, mac, ip, ...wanted } = { ...OFFER, quirks: ['a'], ...other };
    assert.notEqual(sharedPartOf({ at, mac, ip, ...wanted }), part);
    assert.deepEqual(
      { ...sharedPartOf({ at, mac, ip, ...wanted }) },
      { code: undefined, exhausted: undefined, ...wanted },
    );
  }
});

test('what differs each time does not stay known', () => {
  const sharedPartOf = createSharing();
  const first = sharedPartOf(OFFER);
  for (let number = 0; number < 512; number += 1) sharedPartOf({ ...OFFER, reason: `reason ${number}` });
  assert.notEqual(sharedPartOf(OFFER), first);
  const second = sharedPartOf(OFFER);
  for (let number = 0; number < 64; number += 1) sharedPartOf({ ...OFFER, file: `file ${number}` });
  assert.notEqual(sharedPartOf(OFFER), second);
});
