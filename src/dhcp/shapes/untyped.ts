/** Values for options and sub-options whose shape nobody has told us. */
import { byteOf, bytes, formatTextOrHex, parseMarkedHex } from './bytes.ts';
import { duration } from './duration.ts';
import { flag } from './flag.ts';
import { int32, uint8, uint16, uint32 } from './integer.ts';
import { ips } from './ip.ts';
import { all, isShapeError, type Shape, type ShapeError, unexpected } from './shape.ts';
import { text } from './text.ts';

/** The shapes that an author can name beside a value: `{ uint16: 8080 }`. */
const NAMED = { bytes, duration, flag, int32, ip: ips, text, uint8, uint16, uint32 } as const;

const EXPECTS = 'hex such as 01:02, text, true or false, a number from 0 to 255, or a list of those numbers';
const HINT = `name the form where it is another: { ${Object.keys(NAMED).join(' | ')}: VALUE }`;

/**
 * What an author wrote → bytes. Hex is told by its colons or by 0x; any other text is text, so that `01` or `cafe`
 * are not taken for bytes by chance. Numbers up to 255 are one byte; larger ones need their width named.
 */
export function parseUntyped(input: unknown): Uint8Array | ShapeError {
  if (typeof input === 'string') return parseMarkedHex(input.trim()) ?? encoded(text, input);
  if (typeof input === 'boolean') return encoded(flag, input);
  if (typeof input === 'number') {
    const byte = byteOf(input);
    return isShapeError(byte) ? unexpected(input, EXPECTS, HINT) : Uint8Array.of(byte);
  }
  if (Array.isArray(input)) {
    const values = all(input, byteOf);
    return isShapeError(values) ? unexpected(input, EXPECTS, HINT) : Uint8Array.from(values);
  }
  return parseNamed(input);
}

/** An option that has a name but no form. */
export const untyped: Shape<Uint8Array> = {
  expects: EXPECTS,
  decode: (bytes) => bytes,
  encode: (bytes) => bytes,
  format: formatTextOrHex,
  parse: parseUntyped,
};

function parseNamed(input: unknown): Uint8Array | ShapeError {
  if (typeof input !== 'object' || input === null) return unexpected(input, EXPECTS, HINT);
  const [entry, ...more] = Object.entries(input);
  const shape = entry === undefined ? undefined : namedShape(entry[0]);
  if (entry === undefined || shape === undefined || more.length > 0) return unexpected(input, EXPECTS, HINT);
  return encoded(shape, entry[1]);
}

function namedShape(name: string): Shape<unknown> | undefined {
  return Object.entries(NAMED).find(([key]) => key === name)?.[1];
}

/** Parses by a shape and encodes at once. */
export function encoded<Value>(shape: Shape<Value>, input: unknown): Uint8Array | ShapeError {
  const value = shape.parse(input);
  return isShapeError(value) ? value : shape.encode(value);
}
