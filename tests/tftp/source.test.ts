/** The bytes of a transfer, as a lane is told of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenContent } from '../../src/content/resolver.ts';
import { pin } from '../../src/net/memory.ts';
import { createOpenSource } from '../../src/serve/tftp-source.ts';

const openSource = createOpenSource(pin);

const large: OpenContent = {
  size: 1 << 30,
  etag: 'large',
  read: async (_offset, length) => new Uint8Array(length),
  close() {},
};

for (const [blockSize, windowSize, pieceSize] of [
  [1468, 64, 178 * 1468],
  [8968, 64, 64 * 8968],
  [65_464, 1, 4 * 65_464],
  [65_464, 16, 16 * 65_464],
] as const) {
  test(`pieces of a large file are no smaller than a window of ${windowSize} blocks of ${blockSize} bytes`, () => {
    const source = openSource(large, 'octet');
    assert.deepEqual(source?.cargo({ blockSize, windowSize }, 1), { size: large.size, pieceSize });
  });
}

for (const [transfers, pieceSize] of [
  [341, 178 * 1468],
  [1024, 59 * 1468],
  [4096, 14 * 1468],
  [1_000_000, 11 * 1468],
] as const) {
  test(`pieces of a large file with ${transfers} transfers under way`, () => {
    const source = openSource(large, 'octet');
    assert.deepEqual(source?.cargo({ blockSize: 1468, windowSize: 1 }, transfers), {
      size: large.size,
      pieceSize,
    });
  });
}

const text = (size: number): OpenContent => {
  const whole = pin(new Uint8Array(size).fill(0x0a));
  return { size, etag: `${size}`, whole, read: async () => whole.bytes, close() {} };
};

test('netascii: a text is translated once for all who ask for it, and no more than a mebibyte', () => {
  const opened = text(1 << 20);
  const one = openSource(opened, 'netascii');
  assert.equal(one?.size, 2 << 20);
  assert.equal(openSource({ ...opened }, 'netascii')?.held, one?.held);
  assert.equal(openSource(text((1 << 20) + 1), 'netascii'), undefined);
  assert.equal(openSource(large, 'netascii'), undefined);
});
