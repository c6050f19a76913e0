/** Packet → text for people: explain, tests, debugging. */
import { formatIpv4 } from '../values/ipv4.ts';
import { formatMac } from '../values/mac.ts';
import { messageType } from './message.ts';
import { formatOption, optionByCode } from './options.ts';
import { BOOTREQUEST, FLAG_BROADCAST, type Packet } from './packet.ts';
import { formatHex } from './shapes/bytes.ts';
import { visible } from './wiretext.ts';

const ETHERNET = 1;
const NAME_WIDTH = 30;

/**
 * One line for the message, one for each header field that is set, one for each option in wire order:
 *
 *     DISCOVER (request) xid 0x12345678 from 52:54:00:aa:00:01
 *       flags   broadcast
 *        53 dhcp-message-type             DISCOVER
 *
 * Bytes that do not fit their option's shape are shown as text or hex. No line ends in a blank, and control
 * characters from the wire are escaped, so that a client cannot write on a terminal.
 */
export function describePacket(packet: Packet): string {
  const kind = packet.op === BOOTREQUEST ? 'request' : 'reply';
  const xid = packet.xid.toString(16).padStart(8, '0');
  const lines = [`${messageType(packet) ?? 'BOOTP'} (${kind}) xid 0x${xid} from ${linkAddress(packet)}`];
  for (const [name, value] of headerFields(packet)) lines.push(`  ${name.padEnd(7)} ${value}`);
  for (const [code, bytes] of packet.options) {
    const name = optionByCode(code)?.name ?? '';
    lines.push(`  ${`${code}`.padStart(3)} ${name.padEnd(NAME_WIDTH)} ${formatOption(code, bytes)}`);
  }
  return lines.map((line) => visible(line).trimEnd()).join('\n');
}

function linkAddress(packet: Packet): string {
  const address = formatHex(packet.chaddr);
  if (packet.htype === ETHERNET && packet.chaddr.length === 6) return formatMac(packet.chaddr);
  return `htype ${packet.htype} ${address === '' ? 'without address' : address}`;
}

function* headerFields(packet: Packet): Generator<readonly [string, string]> {
  if (packet.hops !== 0) yield ['hops', `${packet.hops}`];
  if (packet.secs !== 0) yield ['secs', `${packet.secs}`];
  if (packet.flags !== 0) yield ['flags', formatFlags(packet.flags)];
  if (packet.ciaddr !== 0) yield ['ciaddr', formatIpv4(packet.ciaddr)];
  if (packet.yiaddr !== 0) yield ['yiaddr', formatIpv4(packet.yiaddr)];
  if (packet.siaddr !== 0) yield ['siaddr', formatIpv4(packet.siaddr)];
  if (packet.giaddr !== 0) yield ['giaddr', formatIpv4(packet.giaddr)];
  if (packet.sname !== '') yield ['sname', packet.sname];
  if (packet.file !== '') yield ['file', packet.file];
}

function formatFlags(flags: number): string {
  const rest = flags & ~FLAG_BROADCAST;
  const names = [
    ...((flags & FLAG_BROADCAST) === 0 ? [] : ['broadcast']),
    ...(rest === 0 ? [] : [`0x${rest.toString(16).padStart(4, '0')}`]),
  ];
  return names.join(' ');
}
