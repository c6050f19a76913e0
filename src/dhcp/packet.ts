/** The DHCP message of RFC 2131 §2 as a record. decode.ts and encode.ts turn bytes into it and back. */
import type { Ipv4 } from '../values/ipv4.ts';

/** Option code → its bytes, instances of one code already joined (RFC 3396 §7). Keeps the order of first arrival. */
export type OptionBytes = ReadonlyMap<number, Uint8Array>;

export interface Packet {
  /** 1 BOOTREQUEST, 2 BOOTREPLY. */
  readonly op: 1 | 2;
  /** Hardware type, IANA ARP numbers; 1 is Ethernet. */
  readonly htype: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client began, by its own account. */
  readonly secs: number;
  /** All 16 bits; the top one is BROADCAST. */
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  /** hlen octets, 0–16. */
  readonly chaddr: Uint8Array;
  /** The 64-byte server name up to its NUL; empty when overloaded by options (52). */
  readonly sname: string;
  /** The 128-byte boot file up to its NUL; empty when overloaded by options (52). */
  readonly file: string;
  /** Empty for BOOTP without the DHCP cookie. */
  readonly options: OptionBytes;
}

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
export const FLAG_BROADCAST = 0x8000;

/** Why bytes are not a DHCP message. Data, not an exception: a counter and a debug line is all it costs. */
export interface Malformed {
  readonly malformed: MalformedCode;
  /** For people: quotes the offending values. */
  readonly detail: string;
}

export type MalformedCode =
  | 'TOO_SHORT' // under 236 bytes of header
  | 'BAD_OP' // neither 1 nor 2
  | 'BAD_HLEN' // over 16
  | 'BAD_COOKIE' // not 99.130.83.99
  | 'OPTION_OVERRUN' // an option claims more bytes than there are
  | 'BAD_MESSAGE_TYPE'; // option 53 of a wrong size or value

/** DHCP message types, option 53 (RFC 2132 §9.6). */
export const MESSAGE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

export type MessageName = keyof typeof MESSAGE;
