import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createJournal, type JournalOptions } from '../../src/journal/journal.ts';
import type { JournalRecord, TransferRecord } from '../../src/journal/record.ts';
import { levelOf, messageOf } from '../../src/journal/tell.ts';
import { clip, printable } from '../../src/journal/text.ts';
import { captureLog, OFFER } from './capture.ts';

const NO_METRICS = { record: () => {} };

function journalFor(options: Partial<JournalOptions> = {}) {
  const { log, lines } = captureLog('info');
  return { journal: createJournal({ log, metrics: NO_METRICS, ...options }), lines };
}

const transfer = (event: TransferRecord['event'], more: Partial<TransferRecord> = {}): TransferRecord => ({
  kind: 'transfer',
  at: 0,
  protocol: 'tftp',
  event,
  client: '10.0.0.1',
  file: 'vmlinuz',
  ...more,
});

test('a decision is one line with its fields', () => {
  const { journal, lines } = journalFor();
  journal.write(OFFER);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  const { at, ...fields } = { ...OFFER, ip: '10.11.11.50' };
  assert.deepEqual(line, { level: 30, msg: 'DISCOVER → OFFER 10.11.11.50 undionly.kpxe', ...fields });
  assert.equal(lines.length, 1);
});

const LEVELS: readonly [string, JournalRecord, string][] = [
  ['answered', OFFER, 'info'],
  ['ignored', { ...OFFER, reply: undefined }, 'debug'],
  ['kept dark under a profile', { ...OFFER, reply: undefined, code: 'NOTHING_TO_BOOT' }, 'info'],
  [
    'kept dark under none',
    { ...OFFER, reply: undefined, code: 'NOTHING_TO_BOOT', profile: undefined },
    'debug',
  ],
  ['declined', { ...OFFER, message: 'DECLINE', reply: undefined, code: 'DECLINED' }, 'warn'],
  ['malformed', { kind: 'malformed', at: 0, port: 67, source: 'x', code: 'SHORT', detail: 'x' }, 'debug'],
  ['transfer begun', transfer('start'), 'debug'],
  ['transfer done', transfer('done', { size: 5, bytes: 5 }), 'info'],
  ['part of a file', transfer('done', { size: 5, bytes: 1 }), 'debug'],
  ['size asked', transfer('probe'), 'debug'],
  ['missing file', transfer('not-found'), 'info'],
  ['PXELINUX trying', transfer('not-found', { file: 'pxelinux.cfg/01-52-54-00-aa-00-01' }), 'debug'],
  ['GRUB trying', transfer('not-found', { file: 'grub/grub.cfg-01-52-54-00-aa-00-01' }), 'debug'],
  ['GRUB, the last name', transfer('not-found', { file: 'grub/grub.cfg' }), 'info'],
  ['GRUB lists', transfer('not-found', { file: 'grub/x86_64-efi/crypto.lst' }), 'debug'],
  ['shim trying', transfer('not-found', { file: 'revocations_sku.efi' }), 'debug'],
  ['shim certificate', transfer('not-found', { file: 'shim_certificate_0.efi' }), 'debug'],
  ['iPXE trying', transfer('not-found', { file: 'autoexec.ipxe' }), 'debug'],
  ['refused', transfer('refused'), 'info'],
  ['failed', transfer('failed'), 'warn'],
  ['good reload', { kind: 'reload', at: 0, ok: true, detail: 'x', diagnostics: [] }, 'info'],
  ['broken reload', { kind: 'reload', at: 0, ok: false, detail: 'x', diagnostics: ['y'] }, 'error'],
  ['notice', { kind: 'notice', at: 0, level: 'warn', message: 'x' }, 'warn'],
];
for (const [name, record, level] of LEVELS) {
  test(`${name}: ${level}`, () => assert.equal(levelOf(record), level));
}

test('nothing is built for a level that is not written', () => {
  const { log, lines } = captureLog('warn');
  const asked: string[] = [];
  const vendorOf = (mac: string) => {
    asked.push(mac);
    return 'x';
  };
  const journal = createJournal({ log, metrics: NO_METRICS, vendorOf });
  journal.write(OFFER);
  assert.deepEqual([lines, asked], [[], []]);
});

test('a client cannot write to the terminal', () => {
  const record = transfer('not-found', { file: 'a\u001b[2J\nb\u009b\u202e' });
  assert.equal(messageOf(record), 'tftp a\\x1b[2J\\x0ab\\x9b\\u202e not found');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(printable(text), /\p{Cc}/u);
    }),
  );
});

test('what is kept is short', () => {
  const { journal } = journalFor();
  const long = 'x'.repeat(100_000);
  journal.write({ ...OFFER, reason: long, file: long });
  journal.write(transfer('failed', { file: long, detail: long }));
  journal.write({
    kind: 'reload',
    at: 0,
    ok: false,
    detail: long,
    diagnostics: Array.from({ length: 5000 }, () => long),
  });
  journal.write({
    kind: 'notice',
    at: 0,
    level: 'info',
    message: long,
    detail: { long, packet: new Uint8Array(9000), error: new Error(long), count: 3 },
  });
  const sizes = journal.recent().map((record) => JSON.stringify(record).length);
  assert.ok(
    sizes.every((size) => size < 60_000),
    String(sizes),
  );
  const notice = journal.recent().at(-1);
  assert.equal(notice?.kind === 'notice' ? notice.detail?.['count'] : undefined, 3);
  assert.equal(clip('abc', 2), 'ab…');
});

test('recent tells the last, or the last of one machine beyond the ring', () => {
  const { journal } = journalFor({ capacity: 3 });
  for (let at = 0; at < 5; at += 1) journal.write({ ...OFFER, at, mac: at < 2 ? 'a' : 'b' });
  const times = (filter?: Parameters<typeof journal.recent>[0]) =>
    journal.recent(filter).map((record) => record.at);
  assert.deepEqual(times(), [2, 3, 4]);
  assert.deepEqual(times({ limit: 1 }), [4]);
  assert.deepEqual(times({ mac: 'a' }), [0, 1]);
  assert.deepEqual(times({ mac: 'b', limit: 2 }), [3, 4]);
  assert.deepEqual(times({ mac: 'c' }), []);
  assert.deepEqual(
    journal.machines().map((story) => story.mac),
    ['a', 'b'],
  );
});

test('a follower hears what comes until it stops; one that fails is dropped', () => {
  const { journal, lines } = journalFor();
  const heard: number[] = [];
  const stop = journal.follow((record) => heard.push(record.at));
  let failures = 0;
  journal.follow(() => {
    failures += 1;
    throw new Error('broken follower');
  });
  journal.write({ ...OFFER, at: 1 });
  journal.write({ ...OFFER, at: 2 });
  stop();
  stop();
  journal.write({ ...OFFER, at: 3 });
  assert.deepEqual([heard, failures], [[1, 2], 1]);
  assert.equal(lines.filter((line) => line.includes('broken follower')).length, 1);
});
