/** What kind of message a packet is (option 53). */

import { OPTION } from './codes.ts';
import { ByteReader } from './cursor.ts';
import { BOOTREQUEST, MESSAGE, type MessageName, type Packet } from './packet.ts';

const NAMES: ReadonlyMap<number, MessageName> = new Map(
  (Object.entries(MESSAGE) as [MessageName, number][]).map(([name, code]) => [code, name]),
);

/** The name of a message type number; undefined for those that we do not speak (RFC 4388, RFC 6926 …). */
export function messageNameOf(code: number): MessageName | undefined {
  return NAMES.get(code);
}

/**
 * The DHCP message type. `BOOTP` for a request without option 53: that is how RFC 1534 §2 tells a BOOTP client, and
 * some of those do send the cookie and options. Undefined for a reply without it.
 */
export function messageType(packet: Packet): MessageName | 'BOOTP' | undefined {
  const bytes = packet.options.get(OPTION.MESSAGE_TYPE);
  if (bytes === undefined) return packet.op === BOOTREQUEST ? 'BOOTP' : undefined;
  return NAMES.get(new ByteReader(bytes).u8());
}

const BYTES = new Map(
  (Object.keys(MESSAGE) as MessageName[]).map((name) => [name, Uint8Array.of(MESSAGE[name])]),
);

/** Option 53's bytes for a message: one array for all replies, so not to be written to. */
export function messageTypeBytes(name: MessageName): Uint8Array {
  return BYTES.get(name) as Uint8Array;
}

export type { MessageName };
