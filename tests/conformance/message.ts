/**
 * DHCP messages written and read by hand, from RFC 2131 §2 and RFC 2132. Nothing here comes from the product's codec:
 * an error there must not be repeated in what is expected of it.
 */
import { ipBytes, ipText, macBytes } from './frames.ts';

/** An option as it is written: its number, its bytes in hex. A length that lies is given as the third part. */
export type WireOption = readonly [code: number, hex: string, length?: number];

/** What is sent. Everything left out is zero; op is 1, htype Ethernet, and an END follows the options. */
export interface WireMessage {
  readonly op?: number;
  readonly htype?: number;
  /** Default: the length of chaddr. */
  readonly hlen?: number;
  readonly hops?: number;
  readonly xid: number;
  readonly secs?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly yiaddr?: string;
  readonly siaddr?: string;
  readonly giaddr?: string;
  /** `52:54:00:00:00:01`, up to 16 octets. */
  readonly chaddr: string;
  /** Hex, at most 64 and 128 bytes. */
  readonly sname?: string;
  readonly file?: string;
  /** Hex, default the DHCP cookie. */
  readonly cookie?: string;
  readonly options: readonly WireOption[];
  /** Hex of what follows the options, default END. */
  readonly tail?: string;
  /** Cuts the message to so many bytes. */
  readonly cutTo?: number;
}

export const TYPE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

export const BROADCAST_BIT = 0x8000;
const SNAME = { at: 44, size: 64 };
const FILE = { at: 108, size: 128 };
const OPTIONS_AT = 240;
export const COOKIE = '63825363';

export const u8 = (value: number): string => value.toString(16).padStart(2, '0');
export const u16 = (value: number): string => value.toString(16).padStart(4, '0');
export const u32 = (value: number): string => value.toString(16).padStart(8, '0');
export const ip = (...addresses: readonly string[]): string =>
  addresses.map((address) => ipBytes(address).toString('hex')).join('');
export const text = (value: string): string => Buffer.from(value, 'latin1').toString('hex');
/** An option inside an option, or inside `file` and `sname`: code, length, bytes. */
export const tlv = (code: number, hex: string): string => `${u8(code)}${u8(hex.length / 2)}${hex}`;

function header(message: WireMessage): Buffer {
  const bytes = Buffer.alloc(OPTIONS_AT - 4);
  const chaddr = macBytes(message.chaddr);
  bytes.set([message.op ?? 1, message.htype ?? 1, message.hlen ?? chaddr.length, message.hops ?? 0]);
  bytes.writeUInt32BE(message.xid, 4);
  bytes.writeUInt16BE(message.secs ?? 0, 8);
  bytes.writeUInt16BE(message.flags ?? 0, 10);
  const { ciaddr, yiaddr, siaddr, giaddr } = message;
  for (const [index, address] of [ciaddr, yiaddr, siaddr, giaddr].entries()) {
    ipBytes(address ?? '0.0.0.0').copy(bytes, 12 + 4 * index);
  }
  chaddr.copy(bytes, 28);
  Buffer.from(message.sname ?? '', 'hex').copy(bytes, SNAME.at);
  Buffer.from(message.file ?? '', 'hex').copy(bytes, FILE.at);
  return bytes;
}

/** Splits nothing and checks nothing: what is asked for is what is sent. */
export function writeMessage(message: WireMessage): Buffer {
  const options = message.options.map(
    ([code, hex, length]) => `${u8(code)}${u8(length ?? hex.length / 2)}${hex}`,
  );
  const area = Buffer.from(`${message.cookie ?? COOKIE}${options.join('')}${message.tail ?? 'ff'}`, 'hex');
  return Buffer.concat([header(message), area]).subarray(0, message.cutTo);
}

/** A reply taken apart. */
export interface Reply {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  /** All 16 octets, in hex. */
  readonly chaddr: string;
  /** Up to the first NUL. */
  readonly sname: string;
  readonly file: string;
  /** Hex; empty when the message ends before it. */
  readonly cookie: string;
  /** The codes of the options field as they stand there, one entry an instance. */
  readonly order: readonly number[];
  /** Code → bytes in hex, instances joined in their order (RFC 3396), overloaded fields included. */
  readonly options: Readonly<Record<number, string>>;
  /** Whether END was found, and hex of what follows it without its trailing zeros. */
  readonly end: boolean;
  readonly afterEnd: string;
  /** Bytes of the whole message. */
  readonly size: number;
}

interface Area {
  readonly parts: readonly (readonly [code: number, hex: string])[];
  readonly end: boolean;
  readonly rest: Buffer;
}

function readArea(bytes: Buffer): Area {
  const parts: (readonly [number, string])[] = [];
  let at = 0;
  while (at < bytes.length) {
    const code = bytes.readUInt8(at);
    if (code === 0) {
      // Kept as an instance: RFC 2132 allows it, but some ROMs cannot read it before END.
      parts.push([0, '']);
      at += 1;
      continue;
    }
    if (code === 255) return { parts, end: true, rest: bytes.subarray(at + 1) };
    const length = bytes.readUInt8(at + 1);
    if (at + 2 + length > bytes.length) throw new Error(`option ${code} of a reply runs past its end`);
    parts.push([code, bytes.toString('hex', at + 2, at + 2 + length)]);
    at += 2 + length;
  }
  return { parts, end: false, rest: Buffer.alloc(0) };
}

const field = (bytes: Buffer, { at, size }: { readonly at: number; readonly size: number }): Buffer =>
  bytes.subarray(at, at + size);

function toNul(bytes: Buffer): string {
  const nul = bytes.indexOf(0);
  return bytes.toString('latin1', 0, nul < 0 ? bytes.length : nul);
}

const OVERLOAD = 52;

/** Throws for what is no DHCP or BOOTP message at all: a server that sends such a thing has failed whatever was asked. */
export function readReply(payload: Uint8Array): Reply {
  const bytes = Buffer.from(payload);
  const main = readArea(bytes.subarray(OPTIONS_AT));
  const overload = Number.parseInt(main.parts.find(([code]) => code === OVERLOAD)?.[1] ?? '0', 16);
  const areas = [main];
  if ((overload & 1) !== 0) areas.push(readArea(field(bytes, FILE)));
  if ((overload & 2) !== 0) areas.push(readArea(field(bytes, SNAME)));
  const options: Record<number, string> = {};
  for (const [code, hex] of areas.flatMap(({ parts }) => parts)) {
    if (code !== 0) options[code] = (options[code] ?? '') + hex;
  }
  const address = (at: number): string => ipText(bytes.subarray(at, at + 4));
  return {
    op: bytes.readUInt8(0),
    htype: bytes.readUInt8(1),
    hlen: bytes.readUInt8(2),
    hops: bytes.readUInt8(3),
    xid: bytes.readUInt32BE(4),
    secs: bytes.readUInt16BE(8),
    flags: bytes.readUInt16BE(10),
    ciaddr: address(12),
    yiaddr: address(16),
    siaddr: address(20),
    giaddr: address(24),
    chaddr: bytes.toString('hex', 28, 44),
    sname: (overload & 2) === 0 ? toNul(field(bytes, SNAME)) : '',
    file: (overload & 1) === 0 ? toNul(field(bytes, FILE)) : '',
    cookie: bytes.toString('hex', 236, OPTIONS_AT),
    order: main.parts.map(([code]) => code),
    options,
    end: main.end,
    afterEnd: main.rest.toString('hex').replace(/(?:00)+$/, ''),
    size: bytes.length,
  };
}
