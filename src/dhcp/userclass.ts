/** User class (option 77, RFC 3004). */
import { ByteReader, written } from './cursor.ts';
import { bytesOf, textOf } from './wiretext.ts';

/**
 * The classes a client names. RFC 3004 has each preceded by a length byte; iPXE and dhclient send the bare text
 * instead. So: a list when the bytes are exactly one, else the whole as one class. Empty bytes: no class.
 */
export function decodeUserClass(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return [];
  const classes: string[] = [];
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const length = reader.u8();
    const data = reader.take(length);
    if (reader.overrun || length === 0) return [textOf(bytes)];
    classes.push(textOf(data));
  }
  return classes;
}

/** RFC 3004 form. A class is cut at 255 bytes, which its length byte cannot exceed; parsing refuses such ones before. */
export function encodeUserClass(classes: readonly string[]): Uint8Array {
  const parts = classes.map((name) => bytesOf(name).subarray(0, 255));
  const length = parts.reduce((sum, part) => sum + part.length + 1, 0);
  return written(length, (writer) => {
    for (const part of parts) {
      writer.u8(part.length);
      writer.bytes(part);
    }
  });
}
