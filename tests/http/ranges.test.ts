import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainAddress } from '../../src/http/address.ts';
import { mediaType } from '../../src/http/media.ts';
import { type Conditions, parseRange, select } from '../../src/http/ranges.ts';

const RANGES: readonly [string, number, ReturnType<typeof parseRange>][] = [
  ['bytes=0-0', 10, { offset: 0, length: 1 }],
  ['bytes=2-4', 10, { offset: 2, length: 3 }],
  ['bytes=2-', 10, { offset: 2, length: 8 }],
  ['bytes=2-99', 10, { offset: 2, length: 8 }],
  ['bytes=-3', 10, { offset: 7, length: 3 }],
  ['bytes=-99', 10, { offset: 0, length: 10 }],
  ['Bytes = 1 - 2', 10, { offset: 1, length: 2 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=4-2', 10, undefined],
  ['bytes=-', 10, undefined],
  ['bytes=0-1,4-5', 10, undefined],
  ['lines=0-1', 10, undefined],
  ['bytes=a-b', 10, undefined],
];

for (const [header, size, expected] of RANGES) {
  test(`range ${header} of ${size} bytes`, () => assert.deepEqual(parseRange(header, size), expected));
}

test('any range header selects bytes of the file, or none', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([first, last]) => `bytes=${first}-${last}`),
    fc.nat().map((length) => `bytes=-${length}`),
  );
  fc.assert(
    fc.property(header, fc.nat({ max: 1000 }), (text, size) => {
      const range = parseRange(text, size);
      if (range === undefined || range === 'unsatisfiable') return;
      assert.ok(range.offset >= 0 && range.length > 0 && range.offset + range.length <= size);
    }),
  );
});

const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const DATE = 'Fri, 02 Jan 2026 03:04:05 GMT';
const EARLIER = 'Fri, 02 Jan 2026 03:04:04 GMT';
const range = 'bytes=0-0';

const SELECTIONS: readonly [string, Conditions, number][] = [
  ['nothing asked', {}, 200],
  ['same tag', { 'if-none-match': '"v1"' }, 304],
  ['same tag, weak', { 'if-none-match': 'W/"v1"' }, 304],
  ['one of several tags', { 'if-none-match': '"v0", "v1"' }, 304],
  ['any tag', { 'if-none-match': '*' }, 304],
  ['another tag', { 'if-none-match': '"v0"' }, 200],
  ['another tag outweighs the date', { 'if-none-match': '"v0"', 'if-modified-since': DATE }, 200],
  ['same date', { 'if-modified-since': DATE }, 304],
  ['older date', { 'if-modified-since': EARLIER }, 200],
  ['no date', { 'if-modified-since': 'yesterday' }, 200],
  ['same tag before the range', { 'if-none-match': '"v1"', range }, 304],
  ['range', { range }, 206],
  ['range if same tag', { range, 'if-range': '"v1"' }, 206],
  ['range if another tag', { range, 'if-range': '"v0"' }, 200],
  ['range if weak tag', { range, 'if-range': 'W/"v1"' }, 200],
  ['range if same date', { range, 'if-range': DATE }, 206],
  ['range if another date', { range, 'if-range': EARLIER }, 200],
  ['range beyond the end', { range: 'bytes=10-' }, 416],
  ['range beyond the end, but the file changed', { range: 'bytes=10-', 'if-range': '"v0"' }, 200],
];

for (const [name, headers, status] of SELECTIONS) {
  test(`${name}: ${status}`, () => {
    const file = { size: 10, etag: '"v1"', modifiedAt: MODIFIED };
    assert.equal(select('GET', headers, file).status, status);
  });
}

test('HEAD has no ranges', () => {
  assert.deepEqual(select('HEAD', { range }, { size: 10, etag: '"v1"' }), {
    status: 200,
    offset: 0,
    length: 10,
  });
});

test('content types', () => {
  assert.equal(mediaType('EFI/BOOT/BOOTX64.EFI'), 'application/efi');
  assert.equal(mediaType('debian/vmlinuz'), 'application/octet-stream');
  assert.equal(mediaType('v1.2/vmlinuz'), 'application/octet-stream');
  assert.equal(mediaType('bootstrap.ipxe'), 'text/plain; charset=utf-8');
});

test('IPv4-mapped addresses are IPv4 addresses', () => {
  const cases = {
    '::ffff:10.0.0.1': { address: '10.0.0.1', nic: undefined },
    '10.0.0.1': { address: '10.0.0.1', nic: undefined },
    'fd00::1': { address: 'fd00::1', nic: undefined },
    'fe80::1%eth1': { address: 'fe80::1', nic: 'eth1' },
    '': { address: '', nic: undefined },
  };
  for (const [text, plain] of Object.entries(cases)) assert.deepEqual(plainAddress(text), plain, text);
});
