/** Yes or no: as a byte (RFC 2132 §4.1), or by being there at all (RFC 4039). */
import { ByteReader } from '../cursor.ts';
import { type Shape, shapeError, unexpected } from './shape.ts';

export const flag: Shape<boolean> = {
  expects: 'true or false',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const value = reader.u8();
    if (!reader.finished) return shapeError(`${bytes.length} bytes, 1 expected`);
    return value > 1 ? shapeError(`${value} is neither 0 nor 1`) : value === 1;
  },
  encode: (value) => Uint8Array.of(value ? 1 : 0),
  format: (value) => `${value}`,
  parse(input) {
    if (input === true || input === 1) return true;
    if (input === false || input === 0) return false;
    return unexpected(input, this.expects);
  },
};

/** An option without content, such as rapid commit (80). */
export const presence: Shape<true> = {
  expects: 'true',
  decode: (bytes) => (bytes.length === 0 ? true : shapeError(`${bytes.length} bytes, none expected`)),
  encode: () => new Uint8Array(0),
  format: () => 'yes',
  parse: (input) =>
    input === true ? true : unexpected(input, 'true', 'leave the option out where it does not apply'),
};
