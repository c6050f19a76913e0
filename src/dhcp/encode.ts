/** Packet → bytes (RFC 2131 §2, RFC 2132, RFC 3396). */
import { OPTION } from './codes.ts';
import { ByteWriter, concatBytes } from './cursor.ts';
import { CHADDR_SIZE, COOKIE, FILE_SIZE, HEADER_SIZE, SNAME_SIZE } from './decode.ts';
import { layOut, type OptionEntry } from './layout.ts';
import type { OptionBytes, Packet } from './packet.ts';
import { bytesOf } from './wiretext.ts';

export interface EncodeLimits {
  /** Bytes of the DHCP message, IP and UDP headers not counted (maxReplySize gives it). Default: no limit. */
  readonly maxSize?: number | undefined;
  /**
   * Zeros are added after END up to this size. Default 300: relays and clients drop what is shorter than a BOOTP
   * message (dnsmasq pads so too), and padding between options upsets early Raspberry Pi 4 ROMs.
   */
  readonly padTo?: number | undefined;
  /**
   * Whether empty `file` and `sname` fields may hold options that do not fit (option 52). Default false: it confuses
   * old ROMs.
   */
  readonly overload?: boolean | undefined;
}

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Options that did not fit into maxSize, or whose number no option can have; empty in nearly every case. */
  readonly dropped: readonly number[];
}

/**
 * Writes one message. Options go out in the map's order, except that 53 is first, 54 second and 82 last before END
 * (RFC 3046 §2.1). Options longer than 255 bytes are split (RFC 3396 §5). Where maxSize forces a choice, 82 is kept,
 * then the options a client cannot work without (layout.ts).
 *
 * `file` holds 127 bytes and a NUL, `sname` 63 and a NUL. A longer name is never cut: it goes into option 67 or 66,
 * unless the packet has that option already.
 *
 * A packet without options is written without the cookie, as plain BOOTP.
 */
export function encodePacket(packet: Packet, limits: EncodeLimits = {}): Encoded {
  const file = fieldBytes(packet.file);
  const sname = fieldBytes(packet.sname);
  const fileFits = file.length < FILE_SIZE;
  const snameFits = sname.length < SNAME_SIZE;
  const overflow: OptionEntry[] = [];
  if (!snameFits) overflow.push([OPTION.TFTP_SERVER_NAME, nulTerminated(sname)]);
  if (!fileFits) overflow.push([OPTION.BOOT_FILE, nulTerminated(file)]);

  const layout = layOut(packet.options, overflow, {
    room: (limits.maxSize ?? Number.MAX_SAFE_INTEGER) - HEADER_SIZE,
    overloadFile: limits.overload === true && packet.file === '',
    overloadSname: limits.overload === true && packet.sname === '',
  });
  const size = Math.max(HEADER_SIZE + layout.size, limits.padTo ?? MIN_SIZE);
  // The pool's memory holds old data; what is not written below must be zero.
  const pooled = Buffer.allocUnsafe(size).fill(0);
  const bytes = new Uint8Array(pooled.buffer, pooled.byteOffset, size);
  const writer = new ByteWriter(bytes);
  writeHeader(writer, packet);
  writeField(writer, SNAME_SIZE, snameFits ? sname : EMPTY, layout.inSname);
  writeField(writer, FILE_SIZE, fileFits ? file : EMPTY, layout.inFile);
  if (layout.size > 0) {
    writer.u32(COOKIE);
    writeOptions(writer, layout.main);
  }
  return { bytes, dropped: layout.dropped };
}

const MIN_SIZE = 300;
const EMPTY: Uint8Array = new Uint8Array(0);

function fieldBytes(text: string): Uint8Array {
  return text === '' ? EMPTY : bytesOf(text);
}

/** 66 and 67 end in a NUL on the wire: shapes/text.ts says why. */
function nulTerminated(text: Uint8Array): Uint8Array {
  return concatBytes([text, Uint8Array.of(0)]);
}

function writeHeader(writer: ByteWriter, packet: Packet): void {
  writer.u8(packet.op);
  writer.u8(packet.htype);
  const hlen = Math.min(packet.chaddr.length, CHADDR_SIZE);
  writer.u8(hlen);
  writer.u8(packet.hops);
  writer.u32(packet.xid);
  writer.u16(packet.secs);
  writer.u16(packet.flags);
  writer.u32(packet.ciaddr);
  writer.u32(packet.yiaddr);
  writer.u32(packet.siaddr);
  writer.u32(packet.giaddr);
  writer.bytes(hlen === packet.chaddr.length ? packet.chaddr : packet.chaddr.subarray(0, hlen));
  writer.skip(CHADDR_SIZE - hlen);
}

/** A header field: its text with zeros behind it, or the options that overload put there. */
function writeField(
  writer: ByteWriter,
  size: number,
  text: Uint8Array,
  options: OptionBytes | undefined,
): void {
  if (options === undefined) {
    writer.bytes(text);
    writer.skip(size - text.length);
    return;
  }
  const before = writer.position;
  writeOptions(writer, options);
  writer.skip(size - (writer.position - before));
}

/** The options and END. */
function writeOptions(writer: ByteWriter, options: OptionBytes): void {
  options.forEach((data, code) => {
    if (data.length <= 255) writeOption(writer, code, data);
    // RFC 3396 §5.
    else for (let at = 0; at < data.length; at += 255) writeOption(writer, code, data.subarray(at, at + 255));
  });
  writer.u8(OPTION.END);
}

function writeOption(writer: ByteWriter, code: number, data: Uint8Array): void {
  writer.u8(code);
  writer.u8(data.length);
  writer.bytes(data);
}
