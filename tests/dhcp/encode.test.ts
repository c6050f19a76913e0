import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { type EncodeLimits, encodePacket } from '../../src/dhcp/encode.ts';
import type { Packet } from '../../src/dhcp/packet.ts';
import { ascii, fromHex, toHex } from './hex.ts';
import { anyPacket, options, packet } from './packets.ts';

const OPTIONS_AT = 240;

/** The bytes behind the cookie as hex. */
function optionsOf(changes: Partial<Packet>, limits?: EncodeLimits): string {
  return toHex(encodePacket(packet(changes), limits).bytes.subarray(OPTIONS_AT));
}

function decoded(bytes: Uint8Array): Packet {
  const result = decodePacket(bytes);
  assert.ok(!isMalformed(result), JSON.stringify(result));
  return result;
}

test('53 first, 54 second, 82 last, the rest as they come', () => {
  const given = options(
    { 82: '0101aa', 3: '0a000001', 54: '0a000002', 1: 'ffffff00', 53: '05' },
    [82, 3, 54, 1, 53],
  );
  assert.equal(
    optionsOf({ options: given }, { padTo: 0 }),
    '350105 36040a000002 03040a000001 0104ffffff00 52030101aa ff'.replaceAll(' ', ''),
  );
});

test('padded to 300 bytes, with zeros, behind END', () => {
  const { bytes } = encodePacket(packet());
  assert.equal(bytes.length, 300);
  assert.equal(toHex(bytes.subarray(OPTIONS_AT)), `350101ff${'00'.repeat(56)}`);
});

test('memory that was used before does not show', () => {
  for (let index = 0; index < 200; index++) Buffer.allocUnsafe(300).fill(0xee);
  assert.doesNotMatch(toHex(encodePacket(packet({ options: new Map() })).bytes), /ee/);
});

test('options of more than 255 bytes are split', () => {
  const long = new Uint8Array(300).fill(0x61);
  const text = optionsOf({ options: new Map([[43, long]]) }, { padTo: 0 });
  assert.equal(text, `2bff${'61'.repeat(255)}2b2d${'61'.repeat(45)}ff`);
});

test('without options there is no cookie', () => {
  const { bytes } = encodePacket(packet({ options: new Map() }));
  assert.equal(toHex(bytes.subarray(236)), '00'.repeat(64));
});

describe('names in the header', () => {
  const file127 = 'f'.repeat(127);
  const file128 = 'f'.repeat(128);
  const sname64 = 's'.repeat(64);

  test('127 characters of file fit', () => {
    assert.equal(decoded(encodePacket(packet({ file: file127 })).bytes).file, file127);
  });

  test('128 go into option 67 whole, with a NUL', () => {
    const { file, options: found } = decoded(encodePacket(packet({ file: file128 })).bytes);
    assert.equal(file, '');
    assert.deepEqual(found.get(67), ascii(`${file128}\0`));
  });

  test('an option 67 that is there is kept', () => {
    const given = new Map([[67, ascii('other\0')]]);
    const result = decoded(encodePacket(packet({ file: file128, options: given })).bytes);
    assert.equal(result.file, '');
    assert.deepEqual(result.options.get(67), ascii('other\0'));
  });

  test('64 characters of sname go into option 66', () => {
    const { sname, options: found } = decoded(encodePacket(packet({ sname: sname64 })).bytes);
    assert.equal(sname, '');
    assert.deepEqual(found.get(66), ascii(`${sname64}\0`));
  });

  test('text beyond ASCII is UTF-8', () => {
    assert.equal(decoded(encodePacket(packet({ file: 'bootä.efi' })).bytes).file, 'bootä.efi');
  });
});

describe('what does not fit', () => {
  const bulk = (size: number) => new Uint8Array(size).fill(0x62);
  const given = new Map([
    [43, bulk(100)],
    [53, fromHex('05')],
    [224, bulk(100)],
    [3, fromHex('0a000001')],
    [54, fromHex('0a000002')],
    [82, fromHex('0101aa')],
  ]);

  test('is told, least needed first to go', () => {
    const { bytes, dropped } = encodePacket(packet({ options: given }), { maxSize: 400 });
    assert.deepEqual(dropped, [224]);
    assert.ok(bytes.length <= 400);
    assert.deepEqual([...decoded(bytes).options.keys()], [53, 54, 43, 3, 82]);
  });

  test('never costs what is needed more, though that is smaller or comes later', () => {
    // One byte less than 53, 54, 3, 82 and 43 take together.
    const { bytes, dropped } = encodePacket(packet({ options: given }), { maxSize: 362 });
    assert.deepEqual(dropped, [43, 224]);
    assert.deepEqual([...decoded(bytes).options.keys()], [53, 54, 3, 82]);
  });

  test('leaves room for option 52 itself', () => {
    const two = new Map([
      [43, bulk(100)],
      [224, bulk(50)],
      [225, bulk(45)],
    ]);
    // 43 and 225 would fill the options field exactly, were there no need to say that 224 is in `file`.
    const maxSize = 236 + 5 + 102 + 52 + 1;
    const { bytes, dropped } = encodePacket(packet({ options: two }), { maxSize, overload: true });
    assert.ok(bytes.length <= maxSize);
    assert.deepEqual(dropped, []);
    assert.deepEqual(decoded(bytes).options, two);
  });

  test('goes into file and sname when asked for', () => {
    const { bytes, dropped } = encodePacket(packet({ options: given }), { maxSize: 400, overload: true });
    assert.deepEqual(dropped, []);
    assert.deepEqual(decoded(bytes).options, given);
    assert.equal(toHex(bytes.subarray(OPTIONS_AT, OPTIONS_AT + 6)), '350105340101');
  });

  test('leaves fields alone that hold a name', () => {
    const full = packet({ options: given, file: 'boot', sname: 'srv' });
    const { bytes, dropped } = encodePacket(full, { maxSize: 400, overload: true });
    assert.deepEqual(dropped, [224]);
    assert.equal(decoded(bytes).file, 'boot');
  });

  test('no overload where everything fits', () => {
    assert.doesNotMatch(optionsOf({ options: given }, { overload: true }), /3401/);
  });

  test('numbers that no option can have are told too', () => {
    const odd = new Map([
      [0, fromHex('01')],
      [255, fromHex('01')],
      [300, fromHex('01')],
      [53, fromHex('01')],
    ]);
    const { bytes, dropped } = encodePacket(packet({ options: odd }));
    assert.deepEqual(dropped, [0, 255, 300]);
    assert.deepEqual([...decoded(bytes).options.keys()], [53]);
  });
});

describe('properties', () => {
  test('decode(encode(p)) is p', () => {
    fc.assert(
      fc.property(anyPacket, (given) => {
        const { bytes, dropped } = encodePacket(given);
        assert.deepEqual(dropped, []);
        assert.deepEqual(decoded(bytes), given);
      }),
    );
  });

  test('within any limit nothing is lost unsaid, and no limit is exceeded', () => {
    fc.assert(
      fc.property(
        anyPacket,
        fc.integer({ min: 300, max: 1472 }),
        fc.boolean(),
        (given, maxSize, overload) => {
          const { bytes, dropped } = encodePacket(given, { maxSize, overload });
          assert.ok(bytes.length <= maxSize);
          const kept = [...given.options].filter(([code]) => !dropped.includes(code));
          assert.deepEqual(decoded(bytes).options, new Map(kept));
        },
      ),
    );
  });
});
