/** What one packet costs to decode and to encode: `node bench/dhcp-codec.ts`. Microseconds, the best of ten rounds. */
import { decodePacket, isMalformed } from '../src/dhcp/decode.ts';
import { encodePacket } from '../src/dhcp/encode.ts';
import type { Packet } from '../src/dhcp/packet.ts';
import { parseIpv4 } from '../src/values/ipv4.ts';
import { macOctets } from '../src/values/mac.ts';

const text = (value: string) => new TextEncoder().encode(value);
const ip = (value: string) => parseIpv4(value) ?? 0;
const server = Uint8Array.of(10, 11, 11, 1);

const request: Packet = {
  op: 1,
  htype: 1,
  hops: 0,
  xid: 0x12345678,
  secs: 4,
  flags: 0x8000,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: macOctets('52:54:00:aa:00:01'),
  sname: '',
  file: '',
  options: new Map([
    [53, Uint8Array.of(1)],
    [57, Uint8Array.of(5, 0xc0)],
    [93, Uint8Array.of(0, 0)],
    [94, Uint8Array.of(1, 2, 1)],
    [60, text('PXEClient:Arch:00000:UNDI:002001')],
    [77, text('iPXE')],
    [55, Uint8Array.of(1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 175, 203)],
    [175, new Uint8Array(48)],
    [61, Uint8Array.of(1, 0x52, 0x54, 0, 0xaa, 0, 1)],
    [97, new Uint8Array(17)],
  ]),
};

const reply: Packet = {
  ...request,
  op: 2,
  yiaddr: ip('10.11.11.50'),
  siaddr: ip('10.11.11.1'),
  file: 'undionly.kpxe',
  options: new Map([
    [53, Uint8Array.of(2)],
    [54, server],
    [51, Uint8Array.of(0, 0, 14, 16)],
    [1, Uint8Array.of(255, 255, 255, 0)],
    [3, server],
    [6, server],
    [15, text('rack.example')],
    [66, text('10.11.11.1\0')],
    [67, text('undionly.kpxe\0')],
    [97, new Uint8Array(17)],
  ]),
};

function measure(name: string, run: () => unknown): void {
  const count = 100_000;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round++) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < count; index++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  console.log(`${name.padEnd(28)} ${(best / 1000).toFixed(2)} µs`);
}

const requestBytes = encodePacket(request).bytes;
const replyBytes = encodePacket(reply).bytes;
if (isMalformed(decodePacket(requestBytes))) throw new Error('the sample request does not decode');
measure(`decode iPXE DISCOVER (${requestBytes.length} B)`, () => decodePacket(requestBytes));
measure(`decode OFFER (${replyBytes.length} B)`, () => decodePacket(replyBytes));
measure(`encode OFFER (${replyBytes.length} B)`, () => encodePacket(reply));
measure(`encode iPXE DISCOVER (${requestBytes.length} B)`, () => encodePacket(request));
