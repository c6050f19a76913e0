/** Domain names on the wire (RFC 1035 §3.1, §4.1.4), as RFC 3397 and others put them into options. */
import { type ByteReader, concatBytes } from '../cursor.ts';
import { bytesOf, textOf } from '../wiretext.ts';
import { type ShapeError, shapeError, unexpected } from './shape.ts';

const MAX_LABEL = 63;
/** Bytes of a name on the wire, the root's length byte included. */
const MAX_NAME = 255;
const POINTER = 0xc0;
const POINTER_REACH = 0x3fff;

/** Printable ASCII without the blank, the dot and the backslash, which text form would have to escape. */
const LABEL_TEXT = /^[\x21-\x2d\x2f-\x5b\x5d-\x7e]+$/;

export interface NameReading {
  /** Whether pointers may stand in for the rest of a name. They count from the start of the reader's bytes. */
  readonly compressed: boolean;
  /** Whether the bytes may end where a label could begin: a name that is not fully qualified (RFC 4702 §2.3.1). */
  readonly partial?: boolean | undefined;
}

export interface WireName {
  readonly labels: readonly string[];
  /** False when the bytes ended before the root label. */
  readonly complete: boolean;
}

/** Reads one name. A pointer must go back behind the place where its name began, so that no loop can arise. */
export function readName(reader: ByteReader, reading: NameReading): WireName | ShapeError {
  const labels: string[] = [];
  let from = reader;
  let before = reader.position;
  let size = 1;
  for (;;) {
    if (from.remaining === 0 && reading.partial === true) return { labels, complete: false };
    const length = from.u8();
    if (length >= POINTER && reading.compressed) {
      const target = ((length & ~POINTER) << 8) | from.u8();
      if (from.overrun || target >= before) return shapeError('a compression pointer does not point back');
      before = target;
      from = from.at(target);
      continue;
    }
    if (length > MAX_LABEL) return shapeError(`a label of ${length} bytes`);
    const label = textOf(from.take(length));
    if (from.overrun) return shapeError('a name runs past the end');
    if (length === 0) return { labels, complete: true };
    if (!LABEL_TEXT.test(label)) return shapeError('a label holds characters that no domain name has');
    size += length + 1;
    if (size > MAX_NAME) return shapeError('a name longer than 255 bytes');
    labels.push(label);
  }
}

/** `eng.example.com`, with or without the final dot → its labels. */
export function parseName(input: unknown): readonly string[] | ShapeError {
  if (typeof input !== 'string') return unexpected(input, 'a domain name');
  const labels = input.replace(/\.$/, '').split('.');
  for (const label of labels) {
    if (!LABEL_TEXT.test(label)) {
      return shapeError(`"${input}" is no domain name`, 'international names are written in their xn-- form');
    }
    if (label.length > MAX_LABEL) return shapeError(`"${label}" is longer than ${MAX_LABEL} characters`);
  }
  const size = labels.reduce((sum, label) => sum + label.length + 1, 1);
  return size > MAX_NAME ? shapeError('the name is longer than 253 characters') : labels;
}

/** The labels of a name, and the root label unless it is partial. Each label must be checked already. */
export function encodeLabels(labels: readonly string[], complete: boolean): Uint8Array {
  const parts = labels.map((label) => concatBytes([Uint8Array.of(label.length), bytesOf(label)]));
  return concatBytes(complete ? [...parts, Uint8Array.of(0)] : parts);
}

/** Names one after another, each ending in a pointer to an equal ending that was written before. */
export function encodeCompressed(names: readonly (readonly string[])[]): Uint8Array {
  const written = new Map<string, number>();
  const parts: Uint8Array[] = [];
  let position = 0;
  const push = (part: Uint8Array): void => {
    parts.push(part);
    position += part.length;
  };
  for (const labels of names) {
    let rest = labels;
    while (rest.length > 0) {
      const ending = rest.join('.');
      const seen = written.get(ending);
      if (seen !== undefined) {
        push(Uint8Array.of(POINTER | (seen >> 8), seen & 0xff));
        break;
      }
      if (position <= POINTER_REACH) written.set(ending, position);
      push(encodeLabels(rest.slice(0, 1), false));
      rest = rest.slice(1);
    }
    if (rest.length === 0) push(Uint8Array.of(0));
  }
  return concatBytes(parts);
}
