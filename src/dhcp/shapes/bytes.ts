/** Bytes that nothing here looks into, or that have a reading of their own for people. */
import { textOf } from '../wiretext.ts';
import { all, isShapeError, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';

const EXPECTS = 'bytes in hex such as 01:02:0a or 0x01020a, or a list of numbers from 0 to 255';

/** Lower-case hex joined by colons. */
export function formatHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** `01:02:0a` (also with hyphens) or `0x01020a`, the two writings that can be nothing but hex; else undefined. */
export function parseMarkedHex(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})*$/i.test(text))
    return hexDigits(text.replaceAll(/[:-]/g, ''));
  return /^0x([0-9a-f]{2})+$/i.test(text) ? hexDigits(text.slice(2)) : undefined;
}

function hexDigits(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function parseBytes(input: unknown): Uint8Array | ShapeError {
  if (typeof input === 'string') {
    const text = input.trim();
    return (
      parseMarkedHex(text) ?? (/^([0-9a-f]{2})+$/i.test(text) ? hexDigits(text) : unexpected(input, EXPECTS))
    );
  }
  if (!Array.isArray(input) || input.length === 0) return unexpected(input, EXPECTS);
  const values = all(input, byteOf);
  return isShapeError(values) ? values : Uint8Array.from(values);
}

/** One byte as a number. */
export function byteOf(input: unknown): number | ShapeError {
  const fits = typeof input === 'number' && Number.isInteger(input) && input >= 0 && input <= 255;
  return fits ? input : unexpected(input, 'a number from 0 to 255');
}

interface Opaque {
  /** Default: hex. */
  readonly format?: ((bytes: Uint8Array) => string) | undefined;
  readonly minLength?: number | undefined;
}

/** Bytes as they are, of at least minLength (default 0). */
export function opaque({ format = formatHex, minLength = 0 }: Opaque): Shape<Uint8Array> {
  const check = (bytes: Uint8Array) =>
    bytes.length < minLength ? shapeError(`${bytes.length} bytes, at least ${minLength} expected`) : bytes;
  return {
    expects: EXPECTS,
    decode: check,
    encode: (value) => value,
    format,
    parse(input) {
      const value = parseBytes(input);
      return isShapeError(value) ? value : check(value);
    },
  };
}

export const bytes = opaque({});

/** As text when all of it is printable, else hex: for identifiers that vendors fill either way. */
export function formatTextOrHex(value: Uint8Array): string {
  const printable = value.length > 0 && value.every((byte) => byte >= 0x20 && byte <= 0x7e);
  return printable ? textOf(value) : formatHex(value);
}

export const textOrBytes = opaque({ format: formatTextOrHex });
