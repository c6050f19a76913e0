import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import type { MalformedCode, Packet } from '../../src/dhcp/packet.ts';
import { describePacket } from '../../src/dhcp/text.ts';
import { fromHex } from './hex.ts';
import { anyPacket } from './packets.ts';

const HEADER = `01010600 12345678 0000 8000${'00'.repeat(16)}525400aa0001${'00'.repeat(10 + 64 + 128)}`;
const COOKIE = '63825363';

/** A request whose bytes behind the header are these. */
function wire(behind: string): Uint8Array {
  return fromHex(HEADER + behind);
}

function decoded(bytes: Uint8Array): Packet {
  const result = decodePacket(bytes);
  assert.ok(!isMalformed(result), JSON.stringify(result));
  return result;
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

describe('what is no DHCP message is told by a code', () => {
  const good = wire(`${COOKIE} 350101 ff`);
  const cases: readonly [string, Uint8Array, MalformedCode][] = [
    ['nothing', fromHex(''), 'TOO_SHORT'],
    ['a byte less than the header', good.subarray(0, 235), 'TOO_SHORT'],
    ['op 0', changed(good, 0, 0), 'BAD_OP'],
    ['op 3', changed(good, 0, 3), 'BAD_OP'],
    ['hlen 17', changed(good, 2, 17), 'BAD_HLEN'],
    ['another cookie', wire('63825364 350101 ff'), 'BAD_COOKIE'],
    ['half a cookie', wire('6382'), 'BAD_COOKIE'],
    ['a vendor area of unknown format', wire(`00000000${'00'.repeat(59)}01`), 'BAD_COOKIE'],
    ['an option past the end', wire(`${COOKIE} 350101 0c05 6e6f`), 'OPTION_OVERRUN'],
    ['an option number without a length', wire(`${COOKIE} 350101 0c`), 'OPTION_OVERRUN'],
    ['message type of no bytes', wire(`${COOKIE} 3500 ff`), 'BAD_MESSAGE_TYPE'],
    ['message type of two bytes', wire(`${COOKIE} 35020101 ff`), 'BAD_MESSAGE_TYPE'],
    ['message type twice', wire(`${COOKIE} 350101 350101 ff`), 'BAD_MESSAGE_TYPE'],
    ['message type 0', wire(`${COOKIE} 350100 ff`), 'BAD_MESSAGE_TYPE'],
    ['message type 9', wire(`${COOKIE} 350109 ff`), 'BAD_MESSAGE_TYPE'],
  ];
  for (const [name, bytes, code] of cases) {
    test(name, () => {
      const result = decodePacket(bytes);
      assert.ok(isMalformed(result));
      assert.equal(result.malformed, code);
      assert.notEqual(result.detail, '');
    });
  }

  test('an overloaded field may run over too', () => {
    const overrun = wire(`${COOKIE} 350101 340101 ff`);
    const result = decodePacket(changed(changed(overrun, 108, 12), 109, 127));
    assert.ok(isMalformed(result));
    assert.equal(result.malformed, 'OPTION_OVERRUN');
  });
});

test('the header', () => {
  const fields = `02 06 08 03 deadbeef 0102 8001 0a000001 0a000002 0a000003 0a000004`;
  const bytes = fromHex(
    `${fields} 0102030405060708 ${'00'.repeat(8)} 7372760000ff${'00'.repeat(58)} 626f6f74${'00'.repeat(124)}`,
  );
  assert.deepEqual(decoded(bytes), {
    op: 2,
    htype: 6,
    hops: 3,
    xid: 0xdeadbeef,
    secs: 0x0102,
    flags: 0x8001,
    ciaddr: 0x0a000001,
    yiaddr: 0x0a000002,
    siaddr: 0x0a000003,
    giaddr: 0x0a000004,
    chaddr: fromHex('0102030405060708'),
    sname: 'srv',
    file: 'boot',
    options: new Map(),
  });
});

describe('options', () => {
  const cases: readonly [string, string, [number, string][]][] = [
    [
      'pad bytes anywhere',
      `${COOKIE} 00 350101 0000 0c0161 00 ff`,
      [
        [53, '01'],
        [12, '61'],
      ],
    ],
    ['no END', `${COOKIE} 350101`, [[53, '01']]],
    ['nothing is read behind END', `${COOKIE} 350101 ff 0c0161`, [[53, '01']]],
    ['no options at all', COOKIE, []],
    ['an option without content', `${COOKIE} 5000 ff`, [[80, '']]],
    [
      'the parts of one option are joined',
      `${COOKIE} 0c0161 350101 0c0162 ff`,
      [
        [12, '6162'],
        [53, '01'],
      ],
    ],
    ['an overload of unknown value is none', `${COOKIE} 340107 ff`, []],
    ['a vendor area of zeros is BOOTP', '00'.repeat(64), []],
    ['no vendor area is BOOTP', '', []],
  ];
  for (const [name, behind, expected] of cases) {
    test(name, () => {
      const found = [...decoded(wire(behind)).options];
      assert.deepEqual(
        found,
        expected.map(([code, hex]) => [code, fromHex(hex)]),
      );
    });
  }

  test('overload 1 reads file and leaves sname', () => {
    const bytes = wire(`${COOKIE} 0c0161 340101 ff`);
    bytes.set(fromHex('736e'), 44);
    bytes.set(fromHex('0c0162 0f0163 ff'), 108);
    const { sname, file, options } = decoded(bytes);
    assert.deepEqual([sname, file], ['sn', '']);
    assert.deepEqual(
      [...options],
      [
        [12, fromHex('6162')],
        [15, fromHex('63')],
      ],
    );
  });

  test('overload 2 reads sname and leaves file', () => {
    const bytes = wire(`${COOKIE} 340102 ff`);
    bytes.set(fromHex('350101 ff'), 44);
    bytes.set(fromHex('6669'), 108);
    const { sname, file, options } = decoded(bytes);
    assert.deepEqual([sname, file], ['', 'fi']);
    assert.deepEqual([...options], [[53, fromHex('01')]]);
  });
});

test('an overload of unknown value leaves both names', () => {
  for (const value of ['07', '04', '0301']) {
    const bytes = wire(`${COOKIE} 34${value.length === 2 ? '01' : '02'}${value} ff`);
    bytes.set(fromHex('7372'), 44);
    bytes.set(fromHex('6669'), 108);
    const { sname, file, options } = decoded(bytes);
    assert.deepEqual([sname, file, options.size], ['sr', 'fi', 0]);
  }
});

test('a packet stays as it was when the datagram is overwritten', () => {
  const bytes = wire(`${COOKIE} 350101 0c0161 ff`);
  const result = decoded(bytes);
  const before = structuredClone(result);
  bytes.fill(0xff);
  assert.deepEqual(result, before);
});

describe('properties', () => {
  const check = (bytes: Uint8Array) => {
    const result = decodePacket(bytes);
    if (isMalformed(result)) return;
    describePacket(result);
    // Once round makes it canonical: names of bytes that are no text, or too long as UTF-8, settle then.
    const first = decoded(encodePacket(result).bytes);
    assert.deepEqual(decoded(encodePacket(first).bytes), first);
  };

  test('any bytes are a packet or malformed', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 700 }), check));
  });

  test('so is any header with any bytes behind the cookie', () => {
    const start = wire(COOKIE);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (rest) => check(Uint8Array.from([...start, ...rest]))),
    );
  });

  test('so is a packet cut short or changed', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(anyPacket, damage, fc.nat({ max: 1000 }), (packet, changes, length) => {
        let { bytes } = encodePacket(packet);
        for (const [at, value] of changes) if (at < bytes.length) bytes = changed(bytes, at, value);
        check(bytes);
        check(bytes.subarray(0, length));
      }),
    );
  });
});
