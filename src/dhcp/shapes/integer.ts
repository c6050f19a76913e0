/** Whole numbers of a fixed width, in network order (RFC 2132 throughout). */
import { ByteReader, type ByteWriter, written } from '../cursor.ts';
import { all, isShapeError, listOf, type Shape, shapeError, unexpected } from './shape.ts';

interface Width {
  readonly size: 1 | 2 | 4;
  readonly min: number;
  readonly max: number;
  read(reader: ByteReader): number;
  write(writer: ByteWriter, value: number): void;
}

const U8: Width = { size: 1, min: 0, max: 0xff, read: (r) => r.u8(), write: (w, v) => w.u8(v) };
const U16: Width = { size: 2, min: 0, max: 0xffff, read: (r) => r.u16(), write: (w, v) => w.u16(v) };
const U32: Width = { size: 4, min: 0, max: 0xffff_ffff, read: (r) => r.u32(), write: (w, v) => w.u32(v) };
const I32: Width = {
  size: 4,
  min: -0x8000_0000,
  max: 0x7fff_ffff,
  read: (r) => r.i32(),
  write: (w, v) => w.u32(v >>> 0),
};

function integer(width: Width): Shape<number> {
  const expects = `a whole number from ${width.min} to ${width.max}`;
  return {
    expects,
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const value = width.read(reader);
      return reader.finished ? value : shapeError(`${bytes.length} bytes, ${width.size} expected`);
    },
    encode: (value) => written(width.size, (writer) => width.write(writer, value)),
    format: (value) => `${value}`,
    parse(input) {
      if (typeof input !== 'number' || !Number.isInteger(input)) return unexpected(input, expects);
      // `-0` would come back from the wire as 0.
      return input < width.min || input > width.max ? unexpected(input, expects) : input + 0;
    },
  };
}

function integers(width: Width): Shape<readonly number[]> {
  const one = integer(width);
  return {
    expects: `one or more whole numbers from ${width.min} to ${width.max}`,
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const values: number[] = [];
      while (reader.remaining > 0) values.push(width.read(reader));
      if (reader.overrun) return shapeError(`${bytes.length} bytes are no multiple of ${width.size}`);
      return values.length === 0 ? shapeError('no number') : values;
    },
    encode: (values) =>
      written(values.length * width.size, (writer) => {
        for (const value of values) width.write(writer, value);
      }),
    format: (values) => values.join(' '),
    parse(input) {
      const values = all(listOf(input), (item) => one.parse(item));
      return isShapeError(values) || values.length > 0 ? values : unexpected(input, this.expects);
    },
  };
}

export const uint8 = integer(U8);
export const uint16 = integer(U16);
export const uint32 = integer(U32);
export const int32 = integer(I32);
export const uint8s = integers(U8);
export const uint16s = integers(U16);
