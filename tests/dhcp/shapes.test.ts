import fc from 'fast-check';
import { bytes, textOrBytes } from '../../src/dhcp/shapes/bytes.ts';
import { duration } from '../../src/dhcp/shapes/duration.ts';
import { flag, presence } from '../../src/dhcp/shapes/flag.ts';
import { clientId, machineId, messageKind, networkInterface } from '../../src/dhcp/shapes/identity.ts';
import { int32, uint8, uint8s, uint16, uint16s, uint32 } from '../../src/dhcp/shapes/integer.ts';
import { ip, ipPairs, ips, ipsOrNone } from '../../src/dhcp/shapes/ip.ts';
import { classlessRoutes } from '../../src/dhcp/shapes/routes.ts';
import { text, textNul } from '../../src/dhcp/shapes/text.ts';
import { uris } from '../../src/dhcp/shapes/uris.ts';
import { formatIpv4, netmask } from '../../src/values/ipv4.ts';
import { testShape } from './shape-table.ts';

const address = fc.nat({ max: 0xffff_ffff }).map(formatIpv4);
const someText = fc
  .string({ minLength: 1, maxLength: 300, unit: 'grapheme' })
  .filter((value) => !value.includes('\0'));
const hexPairs = (minLength: number) =>
  fc
    .uint8Array({ minLength, maxLength: 40 })
    .map((value) => Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(':'));

testShape('uint8', uint8, {
  correct: [
    [0, '00', '0'],
    [255, 'ff', '255'],
  ],
  badValues: [-1, 256, 1.5, '1', null, Number.NaN, [1]],
  badHex: ['', '0102'],
  any: fc.nat({ max: 255 }),
});
testShape('uint16', uint16, {
  correct: [
    [1500, '05dc', '1500'],
    [65535, 'ffff', '65535'],
  ],
  badValues: [-1, 65536, '1500', true],
  badHex: ['', '01', '010203'],
  any: fc.nat({ max: 0xffff }),
});
testShape('uint32', uint32, {
  correct: [[0xdeadbeef, 'deadbeef', '3735928559']],
  badValues: [-1, 2 ** 32, Number.POSITIVE_INFINITY],
  badHex: ['', '010203', '0102030405'],
  any: fc.nat({ max: 0xffff_ffff }),
});
testShape('int32', int32, {
  correct: [
    [3600, '00000e10', '3600'],
    [-3600, 'fffff1f0', '-3600'],
    [-(2 ** 31), '80000000', '-2147483648'],
  ],
  badValues: [2 ** 31, -(2 ** 31) - 1, '1h'],
  badHex: ['', '010203'],
  any: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
});
testShape('uint8s', uint8s, {
  correct: [
    [[1, 3, 6], '010306', '1 3 6'],
    [7, '07', '7'],
  ],
  badValues: [[], [256], 'x'],
  badHex: [''],
  any: fc.array(fc.nat({ max: 255 }), { minLength: 1 }),
});
testShape('uint16s', uint16s, {
  correct: [
    [[7, 16], '00070010', '7 16'],
    [0, '0000', '0'],
  ],
  badValues: [[], [65536]],
  badHex: ['', '00', '000700'],
  any: fc.array(fc.nat({ max: 0xffff }), { minLength: 1 }),
});
testShape('duration', duration, {
  correct: [
    ['1h', '00000e10', '1h'],
    [90, '0000005a', '90s'],
    ['2d', '0002a300', '2d'],
    ['infinite', 'ffffffff', 'infinite'],
  ],
  badValues: ['1', '1w', -1, 1.5, '', null],
  badHex: ['', '0e10'],
  any: fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constant(-0)),
});
testShape('flag', flag, {
  correct: [
    [true, '01', 'true'],
    [false, '00', 'false'],
  ],
  badValues: ['yes', 2, null],
  badHex: ['', '02', '0101'],
  any: fc.boolean(),
});
testShape('presence', presence, {
  correct: [[true, '', 'yes']],
  badValues: [false, 1, ''],
  badHex: ['00'],
  any: fc.constant(true),
});
testShape('ip', ip, {
  correct: [
    ['10.0.0.1', '0a000001', '10.0.0.1'],
    ['255.255.255.255', 'ffffffff', '255.255.255.255'],
  ],
  badValues: ['10.0.0', '10.0.0.256', 'host', 167772161, ['10.0.0.1']],
  badHex: ['', '0a0000', '0a00000102'],
  any: address,
});
testShape('ips', ips, {
  correct: [
    [['10.0.0.1', '10.0.0.2'], '0a0000010a000002', '10.0.0.1, 10.0.0.2'],
    ['10.0.0.1', '0a000001', '10.0.0.1'],
  ],
  badValues: [[], ['10.0.0.1', 'x'], null],
  badHex: ['', '0a00000102'],
  any: fc.array(address, { minLength: 1 }),
});
testShape('ipsOrNone', ipsOrNone, {
  correct: [
    [[], '', ''],
    ['10.0.0.1', '0a000001', '10.0.0.1'],
  ],
  badValues: ['x'],
  badHex: ['0a'],
  any: fc.array(address),
});
testShape('ipPairs', ipPairs, {
  correct: [
    [['10.1.0.0 10.0.0.254'], '0a010000 0a0000fe', '10.1.0.0 10.0.0.254'],
    [[['10.1.0.1', '10.0.0.2']], '0a010001 0a000002', '10.1.0.1 10.0.0.2'],
    ['10.1.0.0 10.0.0.254', '0a010000 0a0000fe', '10.1.0.0 10.0.0.254'],
  ],
  badValues: [[], ['10.0.0.1'], ['10.0.0.1 10.0.0.2 10.0.0.3'], [['10.0.0.1', 'x']], 5],
  badHex: ['', '0a000001', '0a0000010a0000010a000001'],
  any: fc.array(fc.tuple(address, address), { minLength: 1 }),
});
testShape('text', text, {
  correct: [
    ['node1', '6e6f646531', 'node1'],
    ['ä', 'c3a4', 'ä'],
  ],
  badValues: ['', 'a\0b', 5, null, ['a'], '\ud800'],
  badHex: [],
  any: someText,
});
testShape('textNul', textNul, {
  correct: [
    ['a.efi', '612e65666900', 'a.efi'],
    ['x'.repeat(254), `${'78'.repeat(254)}00`, 'x'.repeat(254)],
    ['x'.repeat(255), '78'.repeat(255), 'x'.repeat(255)],
  ],
  badValues: ['', 'a\0'],
  badHex: [],
  any: someText,
});
testShape('bytes', bytes, {
  correct: [
    ['01:02:0a', '01020a', '01:02:0a'],
    ['0x01020A', '01020a', '01:02:0a'],
    ['01020a', '01020a', '01:02:0a'],
    ['01-02', '0102', '01:02'],
    [[1, 2, 10], '01020a', '01:02:0a'],
  ],
  badValues: ['', 'xyz', '123', '1:2', [256], [], {}, 5],
  badHex: [],
  any: hexPairs(1),
});
testShape('textOrBytes', textOrBytes, {
  correct: [
    ['72:61', '7261', 'ra'],
    ['00:61', '0061', '00:61'],
  ],
  badValues: ['zz'],
  badHex: [],
  any: hexPairs(1),
});
testShape('clientId', clientId, {
  correct: [
    ['01:52:54:00:aa:00:01', '01525400aa0001', 'ethernet 52:54:00:aa:00:01'],
    ['00:6e:31', '006e31', 'n1'],
    ['ff:00:00:00:01:00:03', 'ff000000010003', 'iaid 00:00:00:01 duid 00:03'],
    ['07:01', '0701', '07:01'],
  ],
  badValues: ['01', 'name', 5],
  badHex: ['', '01'],
  any: hexPairs(2),
});
testShape('networkInterface', networkInterface, {
  correct: [
    ['01:03:10', '010310', 'UNDI 3.16'],
    ['02:03:10', '020310', '02:03:10'],
  ],
  badValues: ['01:03'],
  badHex: ['', '0103'],
  any: hexPairs(3),
});
testShape('machineId', machineId, {
  correct: [
    [
      '0x0033221100554477668899aabbccddeeff',
      '0033221100554477668899aabbccddeeff',
      '00112233-4455-6677-8899-aabbccddeeff',
    ],
    ['00:01', '0001', '00:01'],
  ],
  badValues: ['uuid'],
  badHex: [],
  any: hexPairs(1),
});
testShape('messageKind', messageKind, {
  correct: [
    ['DISCOVER', '01', 'DISCOVER'],
    ['INFORM', '08', 'INFORM'],
  ],
  badValues: ['discover', 1, 'FORCERENEW'],
  badHex: ['', '00', '09', '0101'],
  any: fc.constantFrom('DISCOVER', 'OFFER', 'REQUEST', 'DECLINE', 'ACK', 'NAK', 'RELEASE', 'INFORM'),
});
testShape('classlessRoutes', classlessRoutes, {
  // The descriptors of RFC 3442's own table.
  correct: [
    ['0.0.0.0/0 via 10.0.0.1', '00 0a000001', '0.0.0.0/0 via 10.0.0.1'],
    ['10.0.0.0/8 via 10.0.0.1', '08 0a 0a000001', '10.0.0.0/8 via 10.0.0.1'],
    ['10.17.0.0/16 via 10.0.0.1', '10 0a11 0a000001', '10.17.0.0/16 via 10.0.0.1'],
    ['10.27.129.0/24 via 10.0.0.1', '18 0a1b81 0a000001', '10.27.129.0/24 via 10.0.0.1'],
    ['10.229.0.128/25 via 10.0.0.1', '19 0ae50080 0a000001', '10.229.0.128/25 via 10.0.0.1'],
    ['10.198.122.47/32 via 0.0.0.0', '20 0ac67a2f 00000000', '10.198.122.47/32 via 0.0.0.0'],
    [
      ['10.0.0.0/8 via 10.0.0.1', '0.0.0.0/0 via 10.0.0.1'],
      '08 0a 0a000001 00 0a000001',
      '10.0.0.0/8 via 10.0.0.1, 0.0.0.0/0 via 10.0.0.1',
    ],
  ],
  badValues: [[], '10.0.0.0/8', '10.0.0.1/8 via 10.0.0.1', '10.0.0.0/33 via 10.0.0.1', 5],
  badHex: ['', '21 0a00000000 0a000001', '08 0a 0a0000', '08'],
  any: fc.array(
    fc
      .tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 32 }), address)
      .map(
        ([network, prefix, router]) =>
          `${formatIpv4((network & netmask(prefix)) >>> 0)}/${prefix} via ${router}`,
      ),
    { minLength: 1 },
  ),
});
testShape('uris', uris, {
  correct: [[['http://a'], '0008687474703a2f2f61', 'http://a']],
  badValues: ['', [], 5],
  badHex: ['', '00', '000561'],
  any: fc.array(someText, { minLength: 1, maxLength: 4 }),
});
