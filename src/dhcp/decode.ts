/** Bytes → Packet (RFC 2131 §2, RFC 2132, RFC 3396). Nothing here throws: what is wrong is a Malformed. */
import { OPTION } from './codes.ts';
import { ByteReader, concatBytes } from './cursor.ts';
import { messageNameOf } from './message.ts';
import type { Malformed, MalformedCode, Packet } from './packet.ts';
import { textToNul } from './wiretext.ts';

/** Bytes of the fixed header, the cookie not counted. */
export const HEADER_SIZE = 236;
/** 99.130.83.99, RFC 2131 §3. */
export const COOKIE = 0x63825363;
export const SNAME_SIZE = 64;
export const FILE_SIZE = 128;
export const CHADDR_SIZE = 16;

export function isMalformed(decoded: Packet | Malformed): decoded is Malformed {
  return 'malformed' in decoded;
}

/**
 * Reads one datagram. The packet stands on a copy of its own, so `bytes` may be reused as soon as this returns; the
 * options and chaddr are views of that copy (64 KiB slabs of Node's pool are shared by many packets: keep a packet for
 * as long as a message is worked on, copy what outlives it).
 *
 * Options are told joined (RFC 3396 §7) and in order of first arrival: the options field, then `file`, then `sname`
 * where option 52 says that those hold options. Option 52 itself describes the framing and is not told. Padding may
 * stand anywhere and END may be missing.
 */
export function decodePacket(bytes: Uint8Array): Packet | Malformed {
  if (bytes.length < HEADER_SIZE) {
    return malformed('TOO_SHORT', `${bytes.length} bytes, the header alone has ${HEADER_SIZE}`);
  }
  const reader = new ByteReader(ownCopy(bytes));
  const op = reader.u8();
  if (op !== 1 && op !== 2) return malformed('BAD_OP', `op ${op}`);
  const htype = reader.u8();
  const hlen = reader.u8();
  if (hlen > CHADDR_SIZE) return malformed('BAD_HLEN', `hlen ${hlen}`);
  const hops = reader.u8();
  const xid = reader.u32();
  const secs = reader.u16();
  const flags = reader.u16();
  const ciaddr = reader.u32();
  const yiaddr = reader.u32();
  const siaddr = reader.u32();
  const giaddr = reader.u32();
  const chaddr = reader.take(hlen);
  reader.skip(CHADDR_SIZE - hlen);
  const snameAt = reader.position;
  reader.skip(SNAME_SIZE);
  const fileAt = reader.position;
  reader.skip(FILE_SIZE);

  const options = new Map<number, Uint8Array>();
  let overload = 0;
  if (hasCookie(reader)) {
    const wrong = readOptions(reader, options) ?? checkMessageType(options);
    if (wrong !== undefined) return wrong;
    overload = takeOverload(options);
    const wrongField =
      overload === 0
        ? undefined
        : readOverloaded(
            overload,
            reader.at(fileAt).take(FILE_SIZE),
            reader.at(snameAt).take(SNAME_SIZE),
            options,
          );
    if (wrongField !== undefined) return wrongField;
  } else if (!allZero(reader)) {
    return malformed(
      'BAD_COOKIE',
      `the options begin ${hexOf(bytes.subarray(HEADER_SIZE, HEADER_SIZE + 4))}`,
    );
  }
  const sname = (overload & OVERLOAD_SNAME) === 0 ? fieldText(reader.at(snameAt), SNAME_SIZE) : '';
  const file = (overload & OVERLOAD_FILE) === 0 ? fieldText(reader.at(fileAt), FILE_SIZE) : '';
  return { op, htype, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file, options };
}

export const OVERLOAD_FILE = 1;
export const OVERLOAD_SNAME = 2;

/** Buffer.from copies into a pool and is many times faster than allocating a Uint8Array of a packet's size. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes);
}

function hasCookie(reader: ByteReader): boolean {
  if (reader.remaining < 4 || reader.at(HEADER_SIZE).u32() !== COOKIE) return false;
  reader.skip(4);
  return true;
}

/**
 * A BOOTP request of RFC 951 has no cookie: its vendor area is absent or all zeros, and such a message is a packet
 * without options. Any other bytes there are a vendor format that nothing here can read, and treating them as "no
 * options" would answer a client whose words were not understood, so they are refused.
 */
function allZero(reader: ByteReader): boolean {
  return reader
    .at(HEADER_SIZE)
    .rest()
    .every((byte) => byte === 0);
}

/** Reads up to END or the end of the bytes, joining options that come in several instances (RFC 3396). */
function readOptions(reader: ByteReader, into: Map<number, Uint8Array>): Malformed | undefined {
  while (reader.remaining > 0) {
    const code = reader.u8();
    if (code === OPTION.PAD) continue;
    if (code === OPTION.END) return undefined;
    const length = reader.u8();
    const data = reader.take(length);
    if (reader.overrun) {
      return malformed('OPTION_OVERRUN', `option ${code} of ${length} bytes runs past the end`);
    }
    const before = into.get(code);
    into.set(code, before === undefined ? data : concatBytes([before, data]));
  }
  return undefined;
}

/** Takes option 52 out of the map. A size or value that RFC 2132 §9.3 does not know means no overload. */
function takeOverload(options: Map<number, Uint8Array>): number {
  const bytes = options.get(OPTION.OVERLOAD);
  if (bytes === undefined) return 0;
  options.delete(OPTION.OVERLOAD);
  const value = new ByteReader(bytes).u8();
  return bytes.length === 1 && value <= (OVERLOAD_FILE | OVERLOAD_SNAME) ? value : 0;
}

function readOverloaded(
  overload: number,
  file: Uint8Array,
  sname: Uint8Array,
  options: Map<number, Uint8Array>,
): Malformed | undefined {
  let wrong: Malformed | undefined;
  if ((overload & OVERLOAD_FILE) !== 0) wrong = readOptions(new ByteReader(file), options);
  if (wrong === undefined && (overload & OVERLOAD_SNAME) !== 0) {
    wrong = readOptions(new ByteReader(sname), options);
  }
  // An overload option inside an overloaded field has nothing left to speak of.
  options.delete(OPTION.OVERLOAD);
  return wrong ?? checkMessageType(options);
}

function checkMessageType(options: ReadonlyMap<number, Uint8Array>): Malformed | undefined {
  const bytes = options.get(OPTION.MESSAGE_TYPE);
  if (bytes === undefined) return undefined;
  if (bytes.length !== 1) return malformed('BAD_MESSAGE_TYPE', `option 53 of ${bytes.length} bytes`);
  const type = new ByteReader(bytes).u8();
  return messageNameOf(type) === undefined
    ? malformed('BAD_MESSAGE_TYPE', `message type ${type}`)
    : undefined;
}

/** Most packets leave both fields empty; the test of one byte spares them a view and the search for a NUL. */
function fieldText(field: ByteReader, size: number): string {
  return field.peek() === 0 ? '' : textToNul(field.take(size));
}

function malformed(code: MalformedCode, detail: string): Malformed {
  return { malformed: code, detail };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
