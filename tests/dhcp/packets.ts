/** Packets to test with: a plain request, and arbitrary ones. */
import fc from 'fast-check';
import type { Packet } from '../../src/dhcp/packet.ts';
import { fromHex } from './hex.ts';

/** A DISCOVER of 52:54:00:aa:00:01 with nothing in it, changed as told. */
export function packet(changes: Partial<Packet> = {}): Packet {
  return {
    op: 1,
    htype: 1,
    hops: 0,
    xid: 0x12345678,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: fromHex('525400aa0001'),
    sname: '',
    file: '',
    options: options({ 53: '01' }),
    ...changes,
  };
}

/** Options from hex, in the order of `order` or else of the numbers. */
export function options(
  byCode: Readonly<Record<number, string>>,
  order?: readonly number[],
): Map<number, Uint8Array> {
  const codes = order ?? Object.keys(byCode).map(Number);
  return new Map(codes.map((code) => [code, fromHex(byCode[code] ?? '')]));
}

const u32 = () => fc.nat({ max: 0xffff_ffff });
const asciiText = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789./:-_'), maxLength });

/** Any packet that the wire can carry exactly. */
export const anyPacket: fc.Arbitrary<Packet> = fc.record(
  {
    op: fc.constantFrom(1 as const, 2 as const),
    htype: fc.nat({ max: 255 }),
    hops: fc.nat({ max: 255 }),
    xid: u32(),
    secs: fc.nat({ max: 0xffff }),
    flags: fc.nat({ max: 0xffff }),
    ciaddr: u32(),
    yiaddr: u32(),
    siaddr: u32(),
    giaddr: u32(),
    chaddr: fc.uint8Array({ maxLength: 16 }),
    sname: asciiText(63),
    file: asciiText(127),
    options: fc
      .tuple(
        fc.option(fc.integer({ min: 1, max: 8 })),
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52 && code !== 53),
            fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 600 })),
          ),
          { maxLength: 20 },
        ),
      )
      .map(
        ([type, entries]) =>
          new Map<number, Uint8Array>(type === null ? entries : [[53, Uint8Array.of(type)], ...entries]),
      ),
  },
  { noNullPrototype: true },
);
