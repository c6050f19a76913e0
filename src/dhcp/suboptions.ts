/**
 * Options inside an option: the encapsulation of 43 (RFC 2132 §8.4), 82 (RFC 3046), 175 (iPXE) and others. Code,
 * length, data; in 43 and 175 a pad byte 0 and an END byte 255 may stand between and behind.
 */
import { OPTION } from './codes.ts';
import { ByteReader, concatBytes, written } from './cursor.ts';
import { type ShapeError, shapeError } from './shapes/shape.ts';

/**
 * Sub-option number → its bytes, views of `bytes`; instances of one number are joined, as RFC 3396 §8 allows for
 * encapsulated options. What follows END is not read. A sub-option that runs past the end is an error: vendors also
 * put plain text into 43.
 */
export function decodeSuboptions(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | ShapeError {
  const reader = new ByteReader(bytes);
  const found = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const code = reader.u8();
    if (code === OPTION.PAD) continue;
    if (code === OPTION.END) break;
    const length = reader.u8();
    const data = reader.take(length);
    if (reader.overrun) return shapeError(`sub-option ${code} runs past the end`);
    const before = found.get(code);
    found.set(code, before === undefined ? data : concatBytes([before, data]));
  }
  return found;
}

export interface SuboptionWriting {
  /** Whether to close with END (255), as PXE ROMs are used to in option 43. Default false: 82 must not have it. */
  readonly end?: boolean | undefined;
}

/** The entries in their order; data longer than 255 bytes is split. Numbers 0 and 255 cannot be sub-options and are left out. */
export function encodeSuboptions(
  entries: Iterable<readonly [number, Uint8Array]>,
  writing: SuboptionWriting = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [code, data] of entries) {
    if (code <= OPTION.PAD || code >= OPTION.END) continue;
    for (let from = 0; from === 0 || from < data.length; from += 255) {
      const part = data.subarray(from, from + 255);
      parts.push(
        written(part.length + 2, (writer) => {
          writer.u8(code);
          writer.u8(part.length);
          writer.bytes(part);
        }),
      );
    }
  }
  if (writing.end === true) parts.push(Uint8Array.of(OPTION.END));
  return concatBytes(parts);
}
