import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeTftp,
  ERROR,
  encodeAck,
  encodeData,
  encodeError,
  encodeOack,
  encodeRequest,
  optionValue,
  type TftpPacket,
} from '../../src/tftp/packets.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const ascii = (text: string) => Buffer.from(text).toString('hex');

function encode(packet: TftpPacket): Uint8Array {
  switch (packet.kind) {
    case 'rrq':
    case 'wrq':
      return encodeRequest(packet);
    case 'data':
      return encodeData(packet.block, packet.data);
    case 'ack':
      return encodeAck(packet.block);
    case 'error':
      return encodeError(packet.code, packet.message);
    case 'oack':
      return encodeOack(packet.options);
  }
}

const correct: readonly (readonly [string, string, TftpPacket])[] = [
  [
    'a request without options',
    `0001${ascii('undionly.kpxe')}00${ascii('octet')}00`,
    { kind: 'rrq', file: 'undionly.kpxe', mode: 'octet', options: [] },
  ],
  [
    'the request of OVMF',
    `0001${ascii('snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0')}`,
    {
      kind: 'rrq',
      file: 'snponly.efi',
      mode: 'octet',
      options: [
        { name: 'tsize', value: '0' },
        { name: 'blksize', value: '1468' },
        { name: 'windowsize', value: '4' },
      ],
    },
  ],
  ['a write', `0002${ascii('x\0netascii\0')}`, { kind: 'wrq', file: 'x', mode: 'netascii', options: [] }],
  ['data', '0003ffff616263', { kind: 'data', block: 65_535, data: Buffer.from('abc') }],
  ['the last, empty block', '00030001', { kind: 'data', block: 1, data: Buffer.from('') }],
  ['an acknowledgement', '00040100', { kind: 'ack', block: 256 }],
  ['an error', `00050008${ascii('User aborted\0')}`, { kind: 'error', code: 8, message: 'User aborted' }],
  [
    'an option acknowledgement',
    `0006${ascii('tsize\x009\0')}`,
    { kind: 'oack', options: [{ name: 'tsize', value: '9' }] },
  ],
];

for (const [name, bytes, packet] of correct) {
  test(`${name}: decodes and encodes`, () => {
    const decoded = decodeTftp(Buffer.from(bytes, 'hex'));
    if (decoded.kind === 'data' && packet.kind === 'data') {
      assert.deepEqual({ ...decoded, data: hex(decoded.data) }, { ...packet, data: hex(packet.data) });
    } else {
      assert.deepEqual(decoded, packet);
    }
    assert.equal(hex(encode(packet)), bytes);
  });
}

const lenient: readonly (readonly [string, string, TftpPacket])[] = [
  [
    'the mode in capitals',
    `0001${ascii('a\0OCTET\0')}`,
    { kind: 'rrq', file: 'a', mode: 'octet', options: [] },
  ],
  [
    'zeros after the request',
    `0001${ascii('a\0octet\0\0\0\0\0')}`,
    { kind: 'rrq', file: 'a', mode: 'octet', options: [] },
  ],
  [
    'an option given twice',
    `0001${ascii('a\0octet\0blksize\x00512\0BLKSIZE\x001024\0')}`,
    { kind: 'rrq', file: 'a', mode: 'octet', options: [{ name: 'blksize', value: '512' }] },
  ],
  [
    'an error message without its NUL',
    `00050000${ascii('TFTP Aborted')}`,
    { kind: 'error', code: 0, message: 'TFTP Aborted' },
  ],
  ['an error without a message', '00050000', { kind: 'error', code: 0, message: '' }],
  [
    'a name that is no UTF-8',
    '0001ff006f6374657400',
    { kind: 'rrq', file: '\ufffd', mode: 'octet', options: [] },
  ],
];

for (const [name, bytes, packet] of lenient) {
  test(`understood: ${name}`, () => assert.deepEqual(decodeTftp(Buffer.from(bytes, 'hex')), packet));
}

const malformed: readonly (readonly [string, string, string])[] = [
  ['nothing', '', 'TOO_SHORT'],
  ['three bytes', '000400', 'TOO_SHORT'],
  ['opcode 0', '00000000', 'UNKNOWN_OPCODE'],
  ['opcode 7', '00070000', 'UNKNOWN_OPCODE'],
  ['a file name without end', `0001${ascii('undionly')}`, 'UNTERMINATED'],
  ['a mode without end', `0001${ascii('a\0octet')}`, 'UNTERMINATED'],
  ['an option name without end', `0001${ascii('a\0octet\0blk')}`, 'UNTERMINATED'],
  ['an option without value', `0001${ascii('a\0octet\0blksize\0')}`, 'NO_VALUE'],
  ['an option value without end', `0001${ascii('a\0octet\0blksize\x001')}`, 'UNTERMINATED'],
  ['an acknowledgement that is too long', '0004000100', 'EXTRA_BYTES'],
];

for (const [name, bytes, code] of malformed) {
  test(`malformed: ${name}`, () => {
    const packet = decodeTftp(Buffer.from(bytes, 'hex'));
    assert.equal(packet.kind === 'malformed' ? packet.code : packet.kind, code);
  });
}

test('any bytes give a packet or a fault, and a packet survives being encoded again', () => {
  const opcode = fc.integer({ min: 0, max: 8 });
  const tail = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(fc.constantFrom('octet', 'blksize', '1', 'a/b', '\0', '\0'), { maxLength: 12 }).map((parts) => {
      return new Uint8Array(Buffer.from(parts.join('')));
    }),
  );
  fc.assert(
    fc.property(opcode, tail, (first, rest) => {
      const packet = decodeTftp(Uint8Array.from([0, first, ...rest]));
      // An acknowledgement of no options is never sent.
      if (packet.kind === 'malformed' || (packet.kind === 'oack' && packet.options.length === 0)) return;
      assert.deepEqual(decodeTftp(encode(packet)), packet);
    }),
    { numRuns: 2000 },
  );
});

test('options are found whatever their case', () => {
  assert.equal(optionValue([{ name: 'BlkSize', value: '8' }], 'blksize'), '8');
  assert.equal(optionValue([], 'blksize'), undefined);
});

test('the block number rolls over to 0', () => {
  assert.equal(hex(encodeAck(65_536)), '00040000');
  assert.equal(hex(encodeData(65_537, new Uint8Array(0))), '00030001');
});

test('a NUL in an error message cannot end it early', () => {
  assert.equal(hex(encodeError(ERROR.undefined, 'a\0b')), `00050000${ascii('ab\0')}`);
});
