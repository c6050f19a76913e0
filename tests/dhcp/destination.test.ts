import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ArrivedAt,
  type Destination,
  type ReplyKind,
  replyDestination,
} from '../../src/dhcp/destination.ts';
import { FLAG_BROADCAST, type Packet } from '../../src/dhcp/packet.ts';
import { BROADCAST } from '../../src/values/ipv4.ts';
import { fromHex } from './hex.ts';
import { options, packet } from './packets.ts';

const CLIENT = 0x0a0b0b32;
const RELAY = 0x0a140001;
const STRANGER = 0x0a0b0b63;
const EVERYONE: Destination = { address: BROADCAST, port: 68 };

const discover: ArrivedAt = { port: 67, source: 0, sourcePort: 68 };
const offer: ReplyKind = { type: 'OFFER', yiaddr: CLIENT };
const ack: ReplyKind = { type: 'ACK', yiaddr: CLIENT };
const nak: ReplyKind = { type: 'NAK', yiaddr: 0 };
const sending = (type: string, more: Readonly<Record<number, string>> = {}) => options({ 53: type, ...more });

interface Row {
  readonly name: string;
  readonly request: Partial<Packet>;
  readonly reply: ReplyKind;
  readonly arrival?: Partial<ArrivedAt>;
  readonly goes: Destination;
}

const rows: readonly Row[] = [
  {
    name: 'through a relay: to the relay, port 67',
    request: { giaddr: RELAY },
    reply: offer,
    goes: { address: RELAY, port: 67 },
  },
  {
    name: 'through a relay, with the broadcast flag and ciaddr: still to the relay',
    request: { giaddr: RELAY, flags: FLAG_BROADCAST, ciaddr: CLIENT, options: sending('03') },
    reply: ack,
    goes: { address: RELAY, port: 67 },
  },
  {
    name: 'a NAK through a relay: to the relay',
    request: { giaddr: RELAY, options: sending('03') },
    reply: nak,
    goes: { address: RELAY, port: 67 },
  },
  {
    name: 'INFORM through a relay: to ciaddr all the same, since there is no yiaddr for the relay to send to',
    request: { giaddr: RELAY, ciaddr: CLIENT, options: sending('08') },
    reply: { type: 'ACK', yiaddr: 0 },
    goes: { address: CLIENT, port: 68 },
  },
  {
    name: 'INFORM through a relay and without ciaddr: to the relay',
    request: { giaddr: RELAY, options: sending('08') },
    reply: { type: 'ACK', yiaddr: 0 },
    goes: { address: RELAY, port: 67 },
  },
  {
    name: 'a NAK on the link: broadcast, whatever address the client believes in',
    request: { ciaddr: CLIENT, options: sending('03') },
    reply: nak,
    arrival: { source: CLIENT },
    goes: EVERYONE,
  },
  {
    name: 'renewing: to ciaddr',
    request: { ciaddr: CLIENT, options: sending('03') },
    reply: ack,
    arrival: { source: CLIENT },
    goes: { address: CLIENT, port: 68 },
  },
  {
    name: 'renewing with the broadcast flag: ciaddr comes first',
    request: { ciaddr: CLIENT, flags: FLAG_BROADCAST, options: sending('03') },
    reply: ack,
    goes: { address: CLIENT, port: 68 },
  },
  {
    name: 'INFORM: to ciaddr',
    request: { ciaddr: CLIENT, options: sending('08') },
    reply: { type: 'ACK', yiaddr: 0 },
    goes: { address: CLIENT, port: 68 },
  },
  {
    name: 'INFORM without ciaddr: to where it came from',
    request: { options: sending('08') },
    reply: { type: 'ACK', yiaddr: 0 },
    arrival: { source: STRANGER },
    goes: { address: STRANGER, port: 68 },
  },
  {
    name: 'a DISCOVER with ciaddr does not hold that address',
    request: { ciaddr: STRANGER, flags: FLAG_BROADCAST },
    reply: offer,
    goes: EVERYONE,
  },
  {
    name: 'a REQUEST with option 50 does not hold its ciaddr',
    request: { ciaddr: STRANGER, flags: FLAG_BROADCAST, options: sending('03', { 50: '0a0b0b32' }) },
    reply: ack,
    goes: EVERYONE,
  },
  {
    name: 'the broadcast flag: broadcast',
    request: { flags: FLAG_BROADCAST },
    reply: offer,
    goes: EVERYONE,
  },
  {
    name: 'other flag bits mean nothing',
    request: { flags: 0x7fff },
    reply: offer,
    goes: { address: CLIENT, port: 68, neighbour: '52:54:00:aa:00:01' },
  },
  {
    name: 'no flag: to yiaddr at the link address',
    request: {},
    reply: offer,
    goes: { address: CLIENT, port: 68, neighbour: '52:54:00:aa:00:01' },
  },
  {
    name: 'a proxy offer names no address: broadcast',
    request: {},
    reply: { type: 'OFFER', yiaddr: 0 },
    goes: EVERYONE,
  },
  {
    name: 'a link that is no Ethernet: broadcast',
    request: { htype: 6 },
    reply: offer,
    goes: EVERYONE,
  },
  {
    name: 'Ethernet with an address of another length: broadcast',
    request: { chaddr: fromHex('0102030405060708') },
    reply: offer,
    goes: EVERYONE,
  },
  {
    name: 'BOOTP: as DHCP',
    request: { options: new Map() },
    reply: { type: undefined, yiaddr: CLIENT },
    goes: { address: CLIENT, port: 68, neighbour: '52:54:00:aa:00:01' },
  },
  {
    name: 'port 4011, UEFI: back to port 4011',
    request: { ciaddr: CLIENT, options: sending('03') },
    reply: { type: 'ACK', yiaddr: 0 },
    arrival: { port: 4011, source: CLIENT, sourcePort: 4011 },
    goes: { address: CLIENT, port: 4011 },
  },
  {
    name: 'port 4011, iPXE: back to port 68, the broadcast flag or not',
    request: { ciaddr: CLIENT, flags: FLAG_BROADCAST, options: sending('03') },
    reply: { type: 'ACK', yiaddr: 0 },
    arrival: { port: 4011, source: CLIENT, sourcePort: 68 },
    goes: { address: CLIENT, port: 68 },
  },
  {
    name: 'port 4011 asked from no address: broadcast to the port it came from',
    request: { options: sending('03') },
    reply: { type: 'ACK', yiaddr: 0 },
    arrival: { port: 4011, source: 0, sourcePort: 4011 },
    goes: { address: BROADCAST, port: 4011 },
  },
];

describe('where a reply goes', () => {
  for (const { name, request, reply, arrival, goes } of rows) {
    test(name, () => {
      assert.deepEqual(replyDestination(packet(request), reply, { ...discover, ...arrival }), goes);
    });
  }
});
