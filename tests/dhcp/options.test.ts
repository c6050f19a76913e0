import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OPTION } from '../../src/dhcp/codes.ts';
import { OPTION_TABLE, type OptionRow } from '../../src/dhcp/option-table.ts';
import {
  formatOption,
  nearestOptionName,
  optionByCode,
  optionByName,
  parseOption,
} from '../../src/dhcp/options.ts';
import { isShapeError } from '../../src/dhcp/shapes/shape.ts';
import { ascii, fromHex, toHex } from './hex.ts';

describe('the table', () => {
  const rows: readonly OptionRow[] = OPTION_TABLE;

  test('numbers rise, and each stands once', () => {
    const codes = rows.map((row) => row.code);
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => a - b),
    );
    assert.ok(codes.every((code) => code > 0 && code < 255));
  });

  test('names and aliases are unique and of one form', () => {
    const names = rows.flatMap((row) => [row.name, ...row.aliases]);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    assert.deepEqual(
      names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)),
      [],
    );
  });

  test('has every option that IANA has registered, and what else netboot clients use', () => {
    const through = (first: number, last: number): number[] =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const registered = [
      ...through(1, 83),
      ...through(85, 95),
      ...through(97, 101),
      ...[108, 109],
      ...through(112, 114),
      ...through(116, 125),
      ...through(128, 148),
      ...through(150, 159),
      ...[161, 162, 175, 176, 177],
      ...through(208, 213),
      ...[220, 221],
    ];
    const inUse = [203, 249, 252];
    assert.deepEqual(
      rows.map(({ code }) => code),
      [...registered, ...inUse].sort((a, b) => a - b),
    );
  });

  test('finds what operators write', () => {
    const known = {
      'subnet-mask': 1,
      routers: 3,
      router: 3,
      'domain-name-servers': 6,
      dns: 6,
      'dns-servers': 6,
      'host-name': 12,
      'domain-name': 15,
      'root-path': 17,
      'interface-mtu': 26,
      'ntp-servers': 42,
      'vendor-encapsulated-options': 43,
      'vendor-class-identifier': 60,
      'tftp-server-name': 66,
      'bootfile-name': 67,
      'boot-file-name': 67,
      'user-class': 77,
      'domain-search': 119,
      'classless-static-routes': 121,
      'tftp-server-address': 150,
      ipxe: 175,
    };
    for (const [name, code] of Object.entries(known)) assert.equal(optionByName(name)?.code, code, name);
    assert.equal(optionByName('no-such-option'), undefined);
  });

  test('every constant names a row', () => {
    for (const code of Object.values(OPTION)) {
      if (code !== OPTION.PAD && code !== OPTION.END) assert.ok(optionByCode(code), `option ${code}`);
    }
  });

  test('any bytes of any option can be told on one line, without control characters', () => {
    fc.assert(
      fc.property(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 80 }), (code, bytes) => {
        assert.doesNotMatch(formatOption(code, bytes), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('every shape refuses or keeps any bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rows), fc.uint8Array({ maxLength: 80 }), ({ shape }, bytes) => {
        const value = shape.decode(bytes);
        if (!isShapeError(value)) assert.deepEqual(shape.decode(shape.encode(value)), value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('configured options', () => {
  const correct: readonly [string | number, unknown, number, string][] = [
    ['ntp-servers', ['10.0.0.1'], 42, '0a000001'],
    ['router', '10.0.0.1', 3, '0a000001'],
    [42, '10.0.0.1', 42, '0a000001'],
    ['42', '10.0.0.1', 42, '0a000001'],
    ['time-offset', -3600, 2, 'fffff1f0'],
    ['root-path', '/srv', 17, toHex(ascii('/srv'))],
    ['bootfile-name', 'a', 67, '6100'],
    ['dhcp-renewal-time', '30m', 58, '00000708'],
    ['ipxe', { 'no-pxedhcp': 1 }, 175, 'b00101'],
    ['vlan-id', '100', 132, toHex(ascii('100'))],
    ['pxe-132', { uint16: 100 }, 132, '0064'],
    [177, '01:02', 177, '0102'],
    [224, '01:02', 224, '0102'],
    [224, '0x0102', 224, '0102'],
    [224, 'text', 224, toHex(ascii('text'))],
    [224, 'cafe', 224, toHex(ascii('cafe'))],
    [224, 7, 224, '07'],
    [224, [1, 2], 224, '0102'],
    [224, { uint16: 8080 }, 224, '1f90'],
    [224, { ip: ['10.0.0.1', '10.0.0.2'] }, 224, '0a0000010a000002'],
  ];
  for (const [name, value, code, hex] of correct) {
    test(`${name}: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(parseOption(name, value), { code, bytes: fromHex(hex) });
    });
  }

  const wrong: readonly [string | number, unknown, RegExp, RegExp][] = [
    ['ntp-server', '10.0.0.1', /no option "ntp-server"/, /ntp-servers/],
    ['boot_size', 1, /no option "boot_size"/, /boot-size/],
    ['zzzzzzzzzz', 1, /no option/, /number/],
    [0, 1, /0 is no option number/, /1 to 254/],
    ['255', 1, /255 is no option number/, /1 to 254/],
    [-1, 1, /-1 is no option number/, /1 to 254/],
    [1.5, 1, /1.5 is no option number/, /1 to 254/],
    ['host-name', 5, /host-name: expected text, got 5/, /quotes/],
    ['subnet-mask', '255.255.255', /subnet-mask: expected an IPv4 address, got "255.255.255"/, /^$/],
    [224, 300, /option 224: expected/, /uint16/],
    [51, '1h', /dhcp-lease-time \(51\) cannot be configured/, /leaseTime/],
    ['dhcp-message-type', 1, /cannot be configured/, /request/],
    ['server-identifier', '10.0.0.1', /cannot be configured/, /serverAddress/],
    [82, '01:02', /cannot be configured/, /relay/],
  ];
  for (const [name, value, message, hint] of wrong) {
    test(`${name}: ${JSON.stringify(value)} is refused`, () => {
      const result = parseOption(name, value);
      assert.ok('error' in result);
      assert.match(result.error, message);
      assert.match(result.hint ?? '', hint);
    });
  }

  test('any name with any value gives bytes or an error', () => {
    const names = fc.oneof(
      fc.string(),
      fc.integer({ min: -5, max: 300 }),
      fc.constantFrom(...OPTION_TABLE.map((row) => row.name)),
    );
    fc.assert(
      fc.property(names, fc.anything(), (name, value) => {
        const result = parseOption(name, value);
        assert.ok('error' in result ? result.error !== '' : result.bytes instanceof Uint8Array);
      }),
      { numRuns: 1000 },
    );
  });
});

test('bytes that do not fit their shape are told as text or hex', () => {
  assert.equal(formatOption(1, fromHex('ffff')), 'ff:ff');
  assert.equal(formatOption(1, ascii('ab')), 'ab');
  assert.equal(formatOption(12, fromHex('1b5b324a')), '\\x1b[2J');
  assert.equal(formatOption(230, fromHex('0001')), '00:01');
});

test('the nearest name', () => {
  assert.equal(nearestOptionName('Domain_Name_Server'), 'domain-name-servers');
  assert.equal(nearestOptionName('hostnme'), 'hostname');
  assert.equal(nearestOptionName('completely-different'), undefined);
});
