/**
 * A program that asks for an address at a steady rate, each time as another client, and measures how long each answer
 * takes. It asks as a relay agent does, so that answers come to its own address.
 *
 *   node dhcp-pulse.ts NIC SERVER RATE
 *
 * Prints a line once the first exchange is through, and on SIGTERM a PulseResult as JSON.
 */
import { OPTION } from '../../src/dhcp/codes.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import { BOOTREQUEST, type MessageName, type OptionBytes, type Packet } from '../../src/dhcp/packet.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Datagram } from '../../src/net/udp.ts';
import { parseIpv4 } from '../../src/values/ipv4.ts';

export interface PulseResult {
  /** DISCOVERs and REQUESTs sent. */
  readonly asked: number;
  /** Of them, those that got no answer in a second; what is under way at the end does not count. */
  readonly lost: number;
  /** Milliseconds from the question to its answer, each in order of size. */
  readonly delays: readonly number[];
}

const SERVER_PORT = 67;
const LOST_MS = 1000;

const [nicName = '', serverText = '', rateText = ''] = process.argv.slice(2);
const server = parseIpv4(serverText);
const network = createLinuxNetwork();
const nic = network.nics().find((each) => each.name === nicName);
const own = nic?.addresses[0]?.address;
if (nic === undefined || own === undefined || server === undefined)
  throw new Error(`no NIC ${nicName} with an address, or no server ${serverText}`);

/** Transaction → when its last question was sent. */
const awaited = new Map<number, number>();
const delays: number[] = [];
let asked = 0;
let lost = 0;
let xid = 0;
let isReady = false;

const socket = network.open({
  nic,
  port: SERVER_PORT,
  slotSize: nic.mtu,
  onReceive: (batch) => batch.forEach(onReply),
});

function ask(message: MessageName, number: number, more: OptionBytes = new Map()): void {
  const packet: Packet = {
    op: BOOTREQUEST,
    htype: 1,
    hops: 1,
    xid: number,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: own ?? 0,
    chaddr: Uint8Array.of(2, 0x70, number >>> 24, number >>> 16, number >>> 8, number),
    sname: '',
    file: '',
    options: new Map([[OPTION.MESSAGE_TYPE, messageTypeBytes(message)], ...more]),
  };
  const head = encodePacket(packet).bytes;
  asked += 1;
  awaited.set(number, performance.now());
  socket.send([{ to: server ?? 0, port: SERVER_PORT, from: own, head }]);
}

function onReply({ data }: Datagram): void {
  const now = performance.now();
  const packet = decodePacket(data);
  if (isMalformed(packet)) return;
  const askedAt = awaited.get(packet.xid);
  if (askedAt === undefined) return;
  awaited.delete(packet.xid);
  delays.push(now - askedAt);
  const type = messageType(packet);
  if (type === 'OFFER') {
    const address = new Uint8Array(4);
    new DataView(address.buffer).setUint32(0, packet.yiaddr);
    const serverId = packet.options.get(OPTION.SERVER_ID) ?? new Uint8Array(4);
    const more: OptionBytes = new Map([
      [OPTION.REQUESTED_ADDRESS, address],
      [OPTION.SERVER_ID, serverId],
    ]);
    ask('REQUEST', packet.xid, more);
  } else if (type === 'ACK' && !isReady) {
    isReady = true;
    console.log('ready');
  }
}

const timer = setInterval(() => {
  const now = performance.now();
  for (const [number, askedAt] of awaited) {
    if (now - askedAt < LOST_MS) continue;
    awaited.delete(number);
    lost += 1;
  }
  xid += 1;
  ask('DISCOVER', xid);
}, 1000 / Number(rateText));

process.once('SIGTERM', () => {
  clearInterval(timer);
  delays.sort((one, other) => one - other);
  const result: PulseResult = { asked: asked - awaited.size, lost, delays };
  console.log(JSON.stringify(result));
  void network.close();
});
