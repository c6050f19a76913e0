import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteReader, ByteWriter, concatBytes, copyBytes, written } from '../../src/dhcp/cursor.ts';
import { fromHex } from './hex.ts';

describe('reading', () => {
  test('fields in order, then finished', () => {
    const reader = new ByteReader(fromHex('01 0203 fffefdfc ffffffff aabb cc'));
    assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.i32()], [1, 0x0203, 0xfffefdfc, -1]);
    assert.equal(reader.position, 11);
    assert.equal(reader.peek(), 0xaa);
    assert.deepEqual(reader.take(2), fromHex('aabb'));
    assert.equal(reader.finished, false);
    assert.deepEqual(reader.rest(), fromHex('cc'));
    assert.deepEqual([reader.finished, reader.overrun, reader.remaining], [true, false, 0]);
    assert.equal(reader.peek(), undefined);
  });

  const tooFar: readonly [string, (reader: ByteReader) => unknown][] = [
    ['u8', (reader) => [reader.u16(), reader.u8()]],
    ['u16', (reader) => [reader.u8(), reader.u16()]],
    ['u32', (reader) => reader.u32()],
    ['take', (reader) => reader.take(3)],
    ['skip', (reader) => reader.skip(3)],
  ];
  for (const [name, read] of tooFar) {
    test(`${name} past the end gives nothing, and the overrun stays`, () => {
      const reader = new ByteReader(fromHex('0102'));
      read(reader);
      assert.deepEqual([reader.overrun, reader.finished], [true, false]);
      assert.deepEqual([reader.u8(), reader.take(0).length, reader.remaining], [0, 0, 0]);
      assert.equal(reader.overrun, true);
    });
  }

  test('a second cursor leaves the first where it is', () => {
    const reader = new ByteReader(fromHex('010203').subarray(1));
    assert.equal(reader.at(1).u8(), 3);
    assert.equal(reader.u8(), 2);
    assert.equal(reader.at(9).overrun, true);
    assert.equal(reader.overrun, false);
  });
});

describe('writing', () => {
  test('fields in order, skipped bytes stay zero', () => {
    const bytes = written(9, (writer) => {
      writer.u8(1);
      writer.u16(0x0203);
      writer.skip(1);
      writer.u32(0xfffefdfc);
      assert.equal(writer.position, 8);
    });
    assert.deepEqual(bytes, fromHex('01 0203 00 fffefdfc 00'));
  });

  test('short and long runs of bytes', () => {
    const long = new Uint8Array(100).fill(7);
    assert.deepEqual(concatBytes([fromHex('0102'), long, fromHex('03')]), Uint8Array.of(1, 2, ...long, 3));
  });

  test('nothing is written past the end', () => {
    const whole = new Uint8Array(4);
    const writer = new ByteWriter(whole.subarray(0, 2));
    writer.u32(0xffffffff);
    assert.deepEqual(whole, fromHex('ffff0000'));
  });

  test('a copy is a copy', () => {
    const bytes = fromHex('0102');
    const copy = copyBytes(bytes);
    bytes.fill(0);
    assert.deepEqual(copy, fromHex('0102'));
  });
});
