/**
 * Reading and writing bytes in order. These two classes are where offsets live: codecs ask for the next field and
 * never compute a position.
 */

/**
 * A reading cursor that cannot leave its bytes. Reading past the end returns zero (or no bytes) and sets `overrun`,
 * which stays set: a codec reads all its fields and asks once at the end whether they were there.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Whether any read asked for more than there was. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** True when every byte was read and none was missing: the check that a codec took exactly what it was given. */
  get finished(): boolean {
    return !this.#overrun && this.#at === this.#bytes.length;
  }

  /** Bytes read so far: the position to quote in a message, and what compression pointers count from. */
  get position(): number {
    return this.#at;
  }

  u8(): number {
    const at = this.#advance(1);
    return at < 0 ? 0 : (this.#bytes[at] as number);
  }

  u16(): number {
    const at = this.#advance(2);
    if (at < 0) return 0;
    const bytes = this.#bytes;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  u32(): number {
    const at = this.#advance(4);
    if (at < 0) return 0;
    const bytes = this.#bytes;
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
    return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
  }

  /** Two's complement. */
  i32(): number {
    return this.u32() | 0;
  }

  /** The next `length` bytes as a view, not a copy; empty on overrun. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    const bytes = this.#bytes;
    return at < 0 ? new Uint8Array(0) : new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** Passes over `length` bytes. */
  skip(length: number): void {
    this.#advance(length);
  }

  /** The next byte without passing it; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** A second cursor over the same bytes, standing at `position` (which DNS compression pointers name). */
  at(position: number): ByteReader {
    const other = new ByteReader(this.#bytes);
    other.skip(position);
    return other;
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      this.#overrun = true;
      this.#at = this.#bytes.length;
      return -1;
    }
    this.#at = at + length;
    return at;
  }
}

/** A writing cursor over bytes that the caller has made long enough; it writes nothing past their end. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#at;
  }

  u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u32(value: number): void {
    const at = this.#at;
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.#at = at + 4;
  }

  /** Copies all of `source`. A loop, because most options are a few bytes and TypedArray.set costs more than that. */
  bytes(source: Uint8Array): void {
    const length = source.length;
    if (length > 32) {
      this.#bytes.set(source, this.#at);
    } else {
      for (let index = 0; index < length; index++) this.#bytes[this.#at + index] = source[index] as number;
    }
    this.#at += length;
  }

  /** Passes over `length` bytes, leaving them as they are (zero in a fresh array). */
  skip(length: number): void {
    this.#at += length;
  }
}

/** Bytes written by `write`, which must write `length` of them. */
export function written(length: number, write: (writer: ByteWriter) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new ByteWriter(bytes));
  return bytes;
}

/** The parts one after another. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return written(length, (writer) => {
    for (const part of parts) writer.bytes(part);
  });
}

/** The same bytes in an array of their own. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes([bytes]);
}
