import fc from 'fast-check';
import { domainName, domainNames, domainSearch } from '../../src/dhcp/shapes/domains.ts';
import { encapsulated, vendorOptions } from '../../src/dhcp/shapes/encapsulated.ts';
import { enterpriseData } from '../../src/dhcp/shapes/enterprise.ts';
import { clientFqdn } from '../../src/dhcp/shapes/fqdn.ts';
import { sipServers } from '../../src/dhcp/shapes/sip.ts';
import { slpAgents, slpScope } from '../../src/dhcp/shapes/slp.ts';
import { IPXE_SUBOPTIONS, RELAY_SUBOPTIONS } from '../../src/dhcp/shapes/suboption-tables.ts';
import { userClass } from '../../src/dhcp/shapes/user-class.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { testShape } from './shape-table.ts';

const address = fc.nat({ max: 0xffff_ffff }).map(formatIpv4);
const label = fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom(...'abcABC019-_') });
const name = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'))
  .filter((text) => text.length <= 253);
const names = fc.array(name, { minLength: 1, maxLength: 6 });
const hex = fc
  .uint8Array({ minLength: 2, maxLength: 200 })
  .map((value) => Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(':'));

const ENG = '03656e67 056170706c65 03636f6d';

testShape('domainSearch', domainSearch, {
  correct: [
    // RFC 3397 §2's own example.
    [
      ['eng.apple.com', 'marketing.apple.com'],
      `${ENG} 00 096d61726b6574696e67 c004`,
      'eng.apple.com, marketing.apple.com',
    ],
    [
      ['eng.apple.com', 'apple.com', 'eng.apple.com'],
      `${ENG} 00 c004 c000`,
      'eng.apple.com, apple.com, eng.apple.com',
    ],
  ],
  badValues: ['', [], 'a..b', 'a b', 'ä.de', 'x'.repeat(64), `${'a.'.repeat(127)}aa`, 5, '.'],
  badHex: ['', '00', '0361', `${ENG}`, 'c000', '0161c002', '0161 00 c005', '40', '01 20 00', '01 2e 00'],
  any: names,
});
testShape('domainNames', domainNames, {
  correct: [[['a.b', 'c'], '0161 0162 00 0163 00', 'a.b, c']],
  badValues: [[], 'a..b'],
  badHex: ['', '0161', '0161 00 c000', `40 ${'61'.repeat(64)} 00`, `${`3f ${'61'.repeat(63)}`.repeat(4)} 00`],
  any: names,
});
testShape('domainName', domainName, {
  correct: [['a.b', '0161 0162 00', 'a.b']],
  badValues: ['', ['a', 'b']],
  badHex: ['', '0161 00 0162 00'],
  any: name,
});
testShape('sipServers', sipServers, {
  correct: [
    ['10.0.0.1', '01 0a000001', '10.0.0.1'],
    [['sip.example'], '00 03736970 076578616d706c65 00', 'sip.example'],
  ],
  badValues: [[], 'a b'],
  badHex: ['', '00', '01', '02 0a000001', '01 0a0000'],
  any: fc.oneof(
    fc.array(address, { minLength: 1 }),
    fc.array(
      label.map((text) => `x${text}`),
      { minLength: 1 },
    ),
  ),
});
testShape('slpAgents', slpAgents, {
  correct: [
    [['10.0.0.1'], '01 0a000001', '10.0.0.1 (mandatory)'],
    [{ mandatory: false, value: '10.0.0.1' }, '00 0a000001', '10.0.0.1'],
  ],
  badValues: ['x', null],
  badHex: ['', '02', '01 0a'],
  any: fc.array(address),
});
testShape('slpScope', slpScope, {
  correct: [['eng', '01 656e67', 'eng (mandatory)']],
  badValues: ['', 5],
  badHex: ['', '03 61'],
  any: label,
});
testShape('userClass', userClass, {
  correct: [
    ['iPXE', '04 69505845', 'iPXE'],
    [['a', 'bc'], '01 61 02 6263', 'a, bc'],
  ],
  badValues: ['', [], 5, 'x'.repeat(256)],
  // Raw text, as its lengths lead past the end, and too long for a length byte of its own.
  badHex: ['', `20${'61'.repeat(260)}`],
  any: fc.array(label, { minLength: 1 }),
});
testShape('clientFqdn', clientFqdn, {
  correct: [
    ['host', '04ffff 04686f7374', 'host (flags E)'],
    ['host.example.', '04ffff 04686f7374 076578616d706c65 00', 'host.example. (flags E)'],
  ],
  badValues: ['', 'a b', 5],
  badHex: ['', '0400', '04ffff 0561', '04ffff 0161 00 00'],
  any: name,
});
testShape('enterpriseData', enterpriseData, {
  correct: [[{ 343: '01:02' }, '00000157 02 0102', '343: 01:02']],
  badValues: [{}, { x: '01:02' }, { 343: 'zz' }, '01', null, { 4294967296: '01' }],
  badHex: ['', '000001', '00000157 03 0102'],
  any: fc.dictionary(fc.nat({ max: 0xffff_ffff }).map(String), hex, {
    minKeys: 1,
    maxKeys: 5,
    noNullPrototype: true,
  }),
});
testShape('encapsulated', encapsulated(), {
  correct: [
    [{ 6: 8 }, '06 01 08', '6=08'],
    [
      { 1: '0a:00', 2: 'text', 3: true, 4: [1, 2] },
      '01020a00 020474657874 030101 04020102',
      '1=0a:00, 2=text, 3=01, 4=01:02',
    ],
    [{ 5: { ip: '10.0.0.1' }, 7: { uint16: 8080 } }, '05040a000001 07021f90', '5=0a:00:00:01, 7=1f:90'],
  ],
  badValues: [
    {},
    { 0: 1 },
    { 255: 1 },
    { x: 1 },
    { 6: 256 },
    { 6: { uint9: 1 } },
    { 6: { uint8: 1, uint16: 1 } },
    [1],
    'x',
    null,
  ],
  badHex: ['06', '0602 08'],
  any: fc.dictionary(fc.integer({ min: 1, max: 254 }).map(String), hex, {
    minKeys: 1,
    noNullPrototype: true,
  }),
});
testShape('iPXE sub-options', encapsulated(IPXE_SUBOPTIONS), {
  correct: [
    [{ 'no-pxedhcp': 1, http: 1 }, 'b00101 130101', 'no-pxedhcp=1, http=1'],
    [{ password: 'p' }, 'bf0170', 'password=(hidden)'],
  ],
  badValues: [{ 'no-pxedhcp': 256 }, { nopxedhcp: 1 }],
  badHex: ['b0'],
  any: fc.record({ 176: fc.nat({ max: 255 }), username: label }, { noNullPrototype: true }),
});
testShape('relay sub-options', encapsulated(RELAY_SUBOPTIONS), {
  correct: [
    [
      { 'circuit-id': '72:31', 'link-selection': '10.0.0.1', 'relay-source-port': true },
      '01027231 05040a000001 1300',
      'circuit-id=r1, link-selection=10.0.0.1, relay-source-port=yes',
    ],
  ],
  badValues: [{ 'link-selection': 'x' }],
  badHex: ['0105'],
  any: fc.record({ 'remote-id': hex, 5: address }, { noNullPrototype: true }),
});
testShape('vendorOptions', vendorOptions, {
  correct: [
    [{ 6: 8, 10: '00:50' }, '060108 0a020050', '6=08, 10=00:50'],
    ['10.1.1.1', '31302e312e312e31', '10.1.1.1'],
  ],
  badValues: ['', {}, null, 300],
  badHex: [],
  any: fc.dictionary(fc.integer({ min: 1, max: 254 }).map(String), hex, {
    minKeys: 1,
    noNullPrototype: true,
  }),
});
