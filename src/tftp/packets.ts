/**
 * TFTP on the wire (RFC 1350 §5, options RFC 2347). Decoding never throws: bytes that are no TFTP packet are a value
 * that says what is wrong with them.
 *
 *   RRQ/WRQ  | 1/2 | file name | 0 | mode | 0 | name | 0 | value | 0 | …
 *   DATA     |  3  | block number | 0 to blksize bytes
 *   ACK      |  4  | block number
 *   ERROR    |  5  | code | message | 0
 *   OACK     |  6  | name | 0 | value | 0 | …
 */

/** One option as it was written; names compare without case (RFC 2347), see optionValue(). */
export interface TftpOption {
  readonly name: string;
  readonly value: string;
}

export interface TftpRequest {
  readonly kind: 'rrq' | 'wrq';
  /** As the client wrote it: slashes of either kind, any case. */
  readonly file: string;
  /** Lower case: `octet`, `netascii`, `mail`, or what else was sent. */
  readonly mode: string;
  readonly options: readonly TftpOption[];
}

export interface TftpData {
  readonly kind: 'data';
  /** 0–65535; rolls over. */
  readonly block: number;
  /** A view into the decoded bytes. */
  readonly data: Uint8Array;
}

export interface TftpAck {
  readonly kind: 'ack';
  /** 0–65535; rolls over. */
  readonly block: number;
}

export interface TftpError {
  readonly kind: 'error';
  readonly code: number;
  readonly message: string;
}

export interface TftpOack {
  readonly kind: 'oack';
  readonly options: readonly TftpOption[];
}

/** Bytes that are no TFTP packet. */
export interface TftpMalformed {
  readonly kind: 'malformed';
  readonly code: TftpFault;
  readonly detail: string;
}

export type TftpFault = 'TOO_SHORT' | 'UNKNOWN_OPCODE' | 'UNTERMINATED' | 'NO_VALUE' | 'EXTRA_BYTES';

export type TftpPacket = TftpRequest | TftpData | TftpAck | TftpError | TftpOack;

/** Error codes: RFC 1350 appendix, and 8 from RFC 2347. */
export const ERROR = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransferId: 5,
  fileExists: 6,
  noSuchUser: 7,
  optionRefused: 8,
} as const;

const OPCODE = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

const HEAD_SIZE = 4;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const toUtf8 = new TextEncoder();

/** One datagram → the packet it is, or what is wrong with it. */
export function decodeTftp(bytes: Uint8Array): TftpPacket | TftpMalformed {
  if (bytes.length < HEAD_SIZE) {
    return malformed('TOO_SHORT', `${bytes.length} bytes; the shortest TFTP packet has ${HEAD_SIZE}`);
  }
  const opcode = u16(bytes, 0);
  switch (opcode) {
    case OPCODE.ack:
      return bytes.length === HEAD_SIZE
        ? { kind: 'ack', block: u16(bytes, 2) }
        : malformed('EXTRA_BYTES', `an ACK of ${bytes.length} bytes`);
    case OPCODE.data:
      return { kind: 'data', block: u16(bytes, 2), data: bytes.subarray(HEAD_SIZE) };
    case OPCODE.rrq:
      return decodeRequest('rrq', bytes);
    case OPCODE.wrq:
      return decodeRequest('wrq', bytes);
    case OPCODE.error:
      return decodeError(bytes);
    case OPCODE.oack: {
      const options = decodeOptions(bytes, 2);
      return 'kind' in options ? options : { kind: 'oack', options: options.options };
    }
    default:
      return malformed('UNKNOWN_OPCODE', `opcode ${opcode}`);
  }
}

function decodeRequest(kind: 'rrq' | 'wrq', bytes: Uint8Array): TftpRequest | TftpMalformed {
  const file = text(bytes, 2);
  const mode = file === undefined ? undefined : text(bytes, file.next);
  if (file === undefined || mode === undefined) {
    return malformed(
      'UNTERMINATED',
      `a request whose ${file === undefined ? 'file name' : 'mode'} has no end`,
    );
  }
  const options = decodeOptions(bytes, mode.next);
  if ('kind' in options) return options;
  return { kind, file: file.value, mode: mode.value.toLowerCase(), options: options.options };
}

/** The message's final NUL is missing in packets of some boot ROMs; what they mean is clear without it. */
function decodeError(bytes: Uint8Array): TftpError {
  const message = text(bytes, HEAD_SIZE)?.value ?? utf8.decode(bytes.subarray(HEAD_SIZE));
  return { kind: 'error', code: u16(bytes, 2), message };
}

/**
 * Name and value pairs up to the end. An empty name ends the list: requests padded with zeros to a fixed size are seen
 * from boot ROMs. An option given twice counts once, the first time (RFC 2347 allows it once).
 */
function decodeOptions(
  bytes: Uint8Array,
  start: number,
): { readonly options: readonly TftpOption[] } | TftpMalformed {
  const options: TftpOption[] = [];
  let at = start;
  while (at < bytes.length) {
    const name = text(bytes, at);
    if (name === undefined) return malformed('UNTERMINATED', 'an option name that has no end');
    if (name.value === '') break;
    const value = text(bytes, name.next);
    if (value === undefined) {
      const code = name.next >= bytes.length ? 'NO_VALUE' : 'UNTERMINATED';
      return malformed(
        code,
        `option ${JSON.stringify(name.value)} has no ${code === 'NO_VALUE' ? 'value' : 'end'}`,
      );
    }
    if (optionValue(options, name.value) === undefined)
      options.push({ name: name.value, value: value.value });
    at = value.next;
  }
  return { options };
}

/** The value of an option by its name in any case; undefined when it was not sent. */
export function optionValue(options: readonly TftpOption[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return options.find((option) => option.name.toLowerCase() === wanted)?.value;
}

/** A read or write request, for clients. Texts must hold no NUL. */
export function encodeRequest(request: TftpRequest): Uint8Array {
  return concat(OPCODE[request.kind], [request.file, request.mode, ...pairs(request.options)]);
}

/** An option acknowledgement. Texts must hold no NUL. */
export function encodeOack(options: readonly TftpOption[]): Uint8Array {
  return concat(OPCODE.oack, pairs(options));
}

/** An error packet; NULs in the message are dropped. */
export function encodeError(code: number, message: string): Uint8Array {
  const tail = toUtf8.encode(`${message.replaceAll('\0', '')}\0`);
  const bytes = new Uint8Array(HEAD_SIZE + tail.length);
  putU16(bytes, 0, OPCODE.error);
  putU16(bytes, 2, code);
  bytes.set(tail, HEAD_SIZE);
  return bytes;
}

/** An acknowledgement, for clients. `block` may be past 65535: it rolls over. */
export function encodeAck(block: number): Uint8Array {
  const bytes = new Uint8Array(HEAD_SIZE);
  putU16(bytes, 0, OPCODE.ack);
  putU16(bytes, 2, block);
  return bytes;
}

/** A whole DATA packet. A server sends the head alone and lets the kernel gather the bytes: encodeDataHead(). */
export function encodeData(block: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_SIZE + data.length);
  encodeDataHead(bytes, block);
  bytes.set(data, HEAD_SIZE);
  return bytes;
}

/** Writes the four bytes before a block's data into `head`. `block` may be past 65535: it rolls over to 0. */
export function encodeDataHead(head: Uint8Array, block: number): void {
  putU16(head, 0, OPCODE.data);
  putU16(head, 2, block);
}

/** Bytes of a DATA packet's head. */
export const DATA_HEAD_SIZE = HEAD_SIZE;

function malformed(code: TftpFault, detail: string): TftpMalformed {
  return { kind: 'malformed', code, detail };
}

/** The NUL-terminated text at `start`; undefined when it does not end. Bytes that are no UTF-8 become U+FFFD. */
function text(
  bytes: Uint8Array,
  start: number,
): { readonly value: string; readonly next: number } | undefined {
  const end = bytes.indexOf(0, start);
  if (end < 0) return undefined;
  return { value: utf8.decode(bytes.subarray(start, end)), next: end + 1 };
}

function pairs(options: readonly TftpOption[]): string[] {
  return options.flatMap((option) => [option.name, option.value]);
}

function concat(opcode: number, texts: readonly string[]): Uint8Array {
  const tail = toUtf8.encode(texts.map((part) => `${part}\0`).join(''));
  const bytes = new Uint8Array(2 + tail.length);
  putU16(bytes, 0, opcode);
  bytes.set(tail, 2);
  return bytes;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}
