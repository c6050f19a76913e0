/** Which packet of a captured boot is which: names for golden files. */
import { OPTION } from '../../src/dhcp/codes.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { messageType } from '../../src/dhcp/message.ts';
import { decodePxeBootItem } from '../../src/dhcp/pxe.ts';
import type { CapturedDatagram } from './capture.ts';
import { FOREIGN_ADDRESS } from './rack.ts';

const PXE_PORT = 4011;

/**
 * Names the packets of one machine's boot, e.g. `ovmf-pxe.discover`, `ovmf-pxe.foreign-offer`, `ovmf-pxe.4011-ack`,
 * `ovmf-menu.item-ack` for the answer to a choice in a PXE menu. Each
 * DISCOVER with a new transaction id begins the next program of `programs`; what it repeats is left out.
 */
export function nameConversations(
  datagrams: readonly CapturedDatagram[],
  programs: readonly string[],
): Map<string, Uint8Array> {
  const named = new Map<string, Uint8Array>();
  const transactions = new Set<number>();
  for (const { payload, source, sourcePort, destinationPort } of datagrams) {
    const packet = decodePacket(payload);
    if (isMalformed(packet)) throw new Error(`a captured packet does not decode: ${packet.detail}`);
    const message = messageType(packet) ?? 'unknown';
    if (message === 'DISCOVER') transactions.add(packet.xid);
    const program = programs[transactions.size - 1];
    if (program === undefined)
      throw new Error(`${message} of a program that is none of: ${programs.join(', ')}`);
    const toPxePort = packet.op === 1 ? destinationPort === PXE_PORT : sourcePort === PXE_PORT;
    const pxe = decodePxeBootItem(packet.options.get(OPTION.VENDOR_OPTIONS) ?? new Uint8Array());
    const port = pxe === undefined ? '4011-' : 'item-';
    const where = toPxePort ? port : source === FOREIGN_ADDRESS ? 'foreign-' : '';
    const name = `${program}.${where}${message.toLowerCase()}`;
    if (!named.has(name)) named.set(name, payload);
  }
  return named;
}

/** Bytes → hex, 32 bytes a line: a change of one option stays a small diff. */
export function hexLines(payload: Uint8Array): string {
  const lines =
    Buffer.from(payload)
      .toString('hex')
      .match(/.{1,64}/g) ?? [];
  return `${lines.join('\n')}\n`;
}
