import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockSizeFor, negotiate } from '../../src/tftp/negotiate.ts';

const LIMITS = { maxBlockSize: 1468, maxWindow: 64 };

/** `blksize=1468 tsize=0` → options */
const options = (text: string) =>
  text
    .split(' ')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return { name, value };
    });
const text = (list: readonly { name: string; value: string }[]) =>
  list.map(({ name, value }) => `${name}=${value}`).join(' ');

const cases: readonly (readonly [asked: string, answered: string, blockSize: number, window: number])[] = [
  ['', '', 512, 1],
  ['blksize=1428', 'blksize=1428', 1428, 1],
  ['blksize=8', 'blksize=8', 8, 1],
  ['blksize=7', '', 512, 1],
  ['blksize=9000', 'blksize=1468', 1468, 1],
  ['blksize=65464', 'blksize=1468', 1468, 1],
  ['blksize=70000', 'blksize=1468', 1468, 1],
  ['blksize=-1', '', 512, 1],
  ['blksize=1e3', '', 512, 1],
  ['blksize=', '', 512, 1],
  ['blksize=9999999999999999999', '', 512, 1],
  ['tsize=0', 'tsize=5000', 512, 1],
  ['tsize=x', '', 512, 1],
  ['timeout=1', 'timeout=1', 512, 1],
  ['timeout=255', 'timeout=255', 512, 1],
  ['timeout=0', '', 512, 1],
  ['timeout=256', '', 512, 1],
  ['windowsize=1', 'windowsize=1', 512, 1],
  ['windowsize=16', 'windowsize=16', 512, 16],
  ['windowsize=65535', 'windowsize=64', 512, 64],
  ['windowsize=0', '', 512, 1],
  ['multicast=', '', 512, 1],
  ['rollover=0 tsize=0', 'tsize=5000', 512, 1],
  ['TSIZE=0 BlkSize=1024', 'TSIZE=5000 BlkSize=1024', 1024, 1],
  ['windowsize=4 tsize=0 blksize=1468', 'windowsize=4 tsize=5000 blksize=1468', 1468, 4],
];

for (const [asked, answered, blockSize, windowSize] of cases) {
  test(`asked "${asked}", answered "${answered}"`, () => {
    const terms = negotiate(options(asked), 5000, LIMITS);
    assert.equal(text(terms.oack), answered);
    assert.equal(terms.blockSize, blockSize);
    assert.equal(terms.windowSize, windowSize);
  });
}

test('a window has a mebibyte at most, and fewer blocks than would leave an ACK in doubt', () => {
  const wide = { maxBlockSize: 65_464, maxWindow: 65_535 };
  const windowOf = (asked: string) => negotiate(options(asked), 5000, wide).windowSize;
  assert.equal(windowOf('windowsize=65535 blksize=65464'), 16);
  assert.equal(windowOf('windowsize=65535 blksize=1024'), 1024);
  assert.equal(windowOf('windowsize=65535 blksize=8'), 32_767);
  assert.equal(windowOf('windowsize=15 blksize=65464'), 15);
});

test('the size of an empty file is not told', () => {
  assert.deepEqual(negotiate(options('tsize=0'), 0, LIMITS).oack, []);
});

test('the timeout is kept in milliseconds', () => {
  assert.equal(negotiate(options('timeout=3'), 0, LIMITS).timeout, 3000);
  assert.equal(negotiate([], 0, LIMITS).timeout, undefined);
});

test('a block fits the frame of its NIC', () => {
  assert.equal(blockSizeFor(1500, 4), 1468);
  assert.equal(blockSizeFor(9000, 4), 8968);
  assert.equal(blockSizeFor(65_536, 4), 65_464);
  assert.equal(blockSizeFor(20, 4), 8);
});

test('a block is no larger than configured, and never larger than the frame', () => {
  assert.equal(blockSizeFor(1500, 4, 1432), 1432);
  assert.equal(blockSizeFor(1500, 4, 8), 8);
  assert.equal(blockSizeFor(1500, 4, 65_464), 1468);
  assert.equal(blockSizeFor(9000, 4, undefined), 8968);
});

test('over IPv6 a block is 20 bytes smaller, on a NIC and on a narrower path alike', () => {
  assert.equal(blockSizeFor(1500, 6), 1448);
  assert.equal(blockSizeFor(9000, 6), 8948);
  assert.equal(blockSizeFor(65_536, 6), 65_464);
  assert.equal(blockSizeFor(1500, 6, 1432), 1412);
  assert.equal(blockSizeFor(1500, 6, 1460), 1440);
  assert.equal(blockSizeFor(1500, 6, 65_464), 1448);
  assert.equal(blockSizeFor(1500, 6, 8), 8);
});

test('whatever is asked, the terms stay within the limits and are those that the answer states', () => {
  const name = fc.constantFrom('blksize', 'BLKSIZE', 'tsize', 'timeout', 'windowsize', 'other');
  const value = fc.oneof(fc.nat().map(String), fc.string());
  fc.assert(
    fc.property(fc.array(fc.record({ name, value })), (asked) => {
      const unique = asked.filter(
        (option, at) =>
          asked.findIndex((other) => other.name.toLowerCase() === option.name.toLowerCase()) === at,
      );
      const terms = negotiate(unique, 5000, LIMITS);
      const stated = (wanted: string) =>
        terms.oack.find((option) => option.name.toLowerCase() === wanted)?.value;
      assert.ok(terms.blockSize >= 8 && terms.blockSize <= LIMITS.maxBlockSize);
      assert.ok(terms.windowSize >= 1 && terms.windowSize <= LIMITS.maxWindow);
      assert.equal(stated('blksize') ?? '512', String(terms.blockSize));
      assert.equal(stated('windowsize') ?? '1', String(terms.windowSize));
      assert.equal(stated('other'), undefined);
    }),
  );
});
