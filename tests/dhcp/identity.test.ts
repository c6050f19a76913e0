import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { messageNameOf, messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import { isShapeError } from '../../src/dhcp/shapes/shape.ts';
import { decodeSuboptions, encodeSuboptions } from '../../src/dhcp/suboptions.ts';
import { decodeUserClass, encodeUserClass } from '../../src/dhcp/userclass.ts';
import { decodeUuid, encodeUuid, isDummyUuid, uuidForms } from '../../src/dhcp/uuid.ts';
import { ascii, fromHex, toHex } from './hex.ts';
import { packet } from './packets.ts';

test('message types', () => {
  assert.equal(messageType(packet()), 'DISCOVER');
  assert.equal(messageType(packet({ options: new Map([[53, messageTypeBytes('INFORM')]]) })), 'INFORM');
  assert.equal(messageType(packet({ options: new Map() })), 'BOOTP');
  assert.equal(messageType(packet({ op: 2, options: new Map() })), undefined);
  assert.equal(messageNameOf(0), undefined);
  assert.equal(messageNameOf(9), undefined);
});

describe('user class', () => {
  const cases: readonly [string, Uint8Array, string[]][] = [
    ['RFC 3004, one', fromHex('0469505845'), ['iPXE']],
    ['RFC 3004, several', fromHex('0161 026263'), ['a', 'bc']],
    ['raw, as iPXE sends it', ascii('iPXE'), ['iPXE']],
    ['a length too long', fromHex('0561'), ['\x05a']],
    ['a class of no bytes', fromHex('0161 00'), ['\x01a\x00']],
    ['nothing', fromHex(''), []],
  ];
  for (const [name, bytes, expected] of cases) {
    test(name, () => assert.deepEqual(decodeUserClass(bytes), expected));
  }
  test('is written by RFC 3004', () => assert.deepEqual(encodeUserClass(['iPXE']), fromHex('0469505845')));
});

describe('sub-options', () => {
  test('pads, END and parts', () => {
    const found = decodeSuboptions(fromHex('00 060108 00 0a0100 0a0150 ff 0909'));
    assert.deepEqual(
      found,
      new Map([
        [6, fromHex('08')],
        [10, fromHex('0050')],
      ]),
    );
  });
  test('an overrun is an error', () => {
    assert.ok(isShapeError(decodeSuboptions(fromHex('060208'))));
    assert.ok(isShapeError(decodeSuboptions(fromHex('06'))));
  });
  test('are written in order, split, with END where asked for', () => {
    const long = new Uint8Array(256).fill(1);
    const bytes = encodeSuboptions(
      [
        [9, fromHex('')],
        [1, fromHex('aa')],
        [2, long],
      ],
      { end: true },
    );
    assert.equal(toHex(bytes), `09000101aa02ff${'01'.repeat(255)}020101ff`);
    assert.equal(
      toHex(
        encodeSuboptions([
          [0, fromHex('aa')],
          [255, fromHex('aa')],
        ]),
      ),
      '',
    );
  });
  test('any entries come back', () => {
    const entries = fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 600 })));
    fc.assert(
      fc.property(entries, (given) => {
        const map = new Map(given);
        assert.deepEqual(decodeSuboptions(encodeSuboptions(map)), map);
      }),
    );
  });
});

describe('machine identifier', () => {
  // What `qemu-system-x86_64 -uuid 12345678-9abc-def0-1122-334455667788` puts into SMBIOS memory.
  const bytes = fromHex('00 78563412 bc9a f0de 1122 334455667788');

  test('is told as SMBIOS tools do', () => {
    assert.equal(decodeUuid(bytes), '12345678-9abc-def0-1122-334455667788');
    assert.deepEqual(uuidForms(bytes), {
      wire: '78563412-bc9a-f0de-1122-334455667788',
      swapped: '12345678-9abc-def0-1122-334455667788',
    });
  });
  test('of another size or type is none', () => {
    assert.equal(decodeUuid(fromHex('')), undefined);
    assert.equal(decodeUuid(bytes.subarray(0, 16)), undefined);
    assert.equal(decodeUuid(bytes.subarray(1)), undefined);
    assert.equal(uuidForms(Uint8Array.of(1, ...bytes.subarray(1))), undefined);
  });
  test('is written back the same', () => {
    assert.deepEqual(encodeUuid('12345678-9ABC-def0-1122-334455667788'), bytes);
    assert.equal(encodeUuid('12345678'), undefined);
  });
  test('placeholders identify nobody', () => {
    const dummies = [
      '00000000-0000-0000-0000-000000000000',
      'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
      'fefefefe-fefe-fefe-fefe-fefefefefefe',
      '03000200-0400-0500-0006-000700080009',
      '00020003-0004-0005-0006-000700080009',
      '12345678-1234-5678-90ab-cddeefaabbcc',
      '4C4C4544-0000-2010-8020-80C04F202020',
    ];
    for (const uuid of dummies) assert.equal(isDummyUuid(uuid), true, uuid);
    assert.equal(isDummyUuid('12345678-9abc-def0-1122-334455667788'), false);
    // Supermicro: zeros and the MAC. One of a kind.
    assert.equal(isDummyUuid('00000000-0000-0000-0000-ac1f6b010203'), false);
  });
});
