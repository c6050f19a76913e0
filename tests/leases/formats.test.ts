/** The lease files of other servers, read into records: whole files by golden text, faults and corners by tables. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  LEASE_FORMATS,
  type LeaseFormat,
  readLeaseFile,
  recognise,
} from '../../src/leases/formats/formats.ts';
import { writeKea } from '../../src/leases/formats/kea.ts';
import type { LeaseRecord, LeaseRecords } from '../../src/leases/formats/record.ts';
import { planImport } from '../../src/leases/import.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { binding, ip } from './rules.ts';

/** 2026-11-21 01:41:03 UTC, when the fixtures were made. */
const NOW = Date.UTC(2026, 10, 21, 1, 41, 3);

const FILES: Readonly<Record<string, LeaseFormat>> = {
  'dhcpd.leases': 'isc',
  'kea-leases4.csv': 'kea-csv',
  'dnsmasq.leases': 'dnsmasq',
};
const path = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const fixture = (name: string): string => readFileSync(path(name), 'utf8');

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

function asLine(record: LeaseRecord): string {
  const { place, mac, clientId = '-', hostname = '-', state, expiresAt, touchedAt } = record;
  const names = [formatIpv4(record.ip), mac === '' ? '-' : mac, clientId, hostname, state];
  return `${place.line}:${place.column} ${names.join(' ')} ${time(expiresAt)} ${time(touchedAt)}`;
}

const asText = ({ records, faults }: LeaseRecords): string =>
  [...records.map(asLine), ...faults.map(({ place, message }) => `${place.line}:${place.column} ${message}`)]
    .map((line) => `${line}\n`)
    .join('');

for (const [name, format] of Object.entries(FILES)) {
  test(`${name} is recognised, and read as the golden text has it`, () => {
    const text = fixture(name);
    assert.equal(recognise(text), format);
    const told = asText(readLeaseFile(format, text, NOW));
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(path(`${name}.read`), told);
    assert.equal(told, fixture(`${name}.read`));
  });

  test(`${name} is read alike after the byte order mark that some editors put before it`, () => {
    const text = `\ufeff${fixture(name)}`;
    assert.equal(recognise(text), format);
    assert.equal(asText(readLeaseFile(format, text, NOW)), fixture(`${name}.read`));
  });
}

const LEASE = 'lease 10.0.0.5 {\n  binding state active;\n  hardware ethernet 52:54:00:00:00:05;\n}\n';
const HEADER = 'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n';
const ROW = '10.0.0.5,52:54:00:00:00:05,,3600,1795228260,1,0,0,,0\n';
const LINE = '1795228260 52:54:00:00:00:05 10.0.0.5 * *\n';

/** What is wrong, where; and what comes after it in the file is read all the same. */
const FAULTS: readonly [LeaseFormat, string, string][] = [
  ['isc', `lease 10.0.0 {\n  ends never;\n}\n${LEASE}`, '1:7 "10.0.0" is no IPv4 address'],
  ['isc', `lease 10.0.0.4\n  ends never;\n${LEASE}`, '2:3 { is wanted, and here stands "ends"'],
  ['isc', `lease 10.0.0.4 {\n  ends soon;\n}\n${LEASE}`, '2:8 ends: "soon" is no time'],
  ['isc', `lease 10.0.0.4 {\n  ends 4 2026/11/32x 01:00:00;\n}\n${LEASE}`, '2:8 ends: "4" is no time'],
  [
    'isc',
    `lease 10.0.0.4 {\n  hardware ethernet 52:54:zz;\n}\n${LEASE}`,
    '2:12 hardware: "ethernet" is no hardware address',
  ],
  ['isc', `lease 10.0.0.4 {\n  uid nobody;\n}\n${LEASE}`, '2:7 uid: "nobody" is no client identifier'],
  ['isc', `lease 10.0.0.4 {\n  ends never\n}\n${LEASE}`, '3:1 ; is wanted before }'],
  ['isc', `}\n${LEASE}`, '1:1 a statement is wanted, and here stands "}"'],
  ['isc', `${LEASE}lease 10.0.0.4 {\n  ends never;\n`, '7:1 the file ends within a lease'],
  ['isc', `${LEASE}lease 10.0.0.4 {\n  client-hostname "x;\n}\n`, '6:19 a quote that is not closed'],
  ['kea-csv', `${HEADER}10.0.0,,,1,1,1,0,0,,0\n${ROW}`, '2:1 address: "10.0.0" is no IPv4 address'],
  ['kea-csv', `${HEADER}10.0.0.4,5x,,1,1,1,0,0,,0\n${ROW}`, '2:10 hwaddr: "5x" is no hardware address'],
  [
    'kea-csv',
    `${HEADER}10.0.0.4,,01:zz,1,1,1,0,0,,0\n${ROW}`,
    '2:11 client_id: "01:zz" is no client identifier',
  ],
  [
    'kea-csv',
    `${HEADER}10.0.0.4,,,-1,1,1,0,0,,0\n${ROW}`,
    '2:12 valid_lifetime: "-1" is no number of seconds',
  ],
  ['kea-csv', `${HEADER}10.0.0.4,,,1,1,1,0,0,,9\n${ROW}`, '2:23 state: "9" is no state'],
  ['kea-csv', `${HEADER}10.0.0.4,,,1\n${ROW}`, '2:13 4 values where the header names 10'],
  [
    'kea-csv',
    `address,hwaddr,client_id\n${ROW}`,
    "1:1 the header lacks valid_lifetime, expire, hostname, state: this is no lease file of Kea's for DHCPv4",
  ],
  ['dnsmasq', `soon 52:54:00:00:00:04 10.0.0.4 * *\n${LINE}`, '1:1 "soon" is no expiry time in seconds'],
  ['dnsmasq', `1 52:54:xx 10.0.0.4 * *\n${LINE}`, '1:3 "52:54:xx" is no hardware address'],
  ['dnsmasq', `1 52:54:00:00:00:04 10.0.0 * *\n${LINE}`, '1:21 "10.0.0" is no IPv4 address'],
  [
    'dnsmasq',
    `1 52:54:00:00:00:04 10.0.0.4 *\n${LINE}`,
    '1:31 the line ends where client identifier or * is wanted',
  ],
];

describe('what cannot be understood is told with its place, and the rest is read', () => {
  for (const [format, text, fault] of FAULTS) {
    test(`${format}: ${fault}`, () => {
      const { records, faults } = readLeaseFile(format, text, NOW);
      assert.deepEqual(
        faults.map(({ place, message }) => `${place.line}:${place.column} ${message}`),
        [fault],
      );
      const isHeader = fault.includes('header lacks');
      assert.deepEqual(
        records.map((record) => formatIpv4(record.ip)),
        isHeader ? [] : ['10.0.0.5'],
      );
    });
  }
});

test('any text is read to its end, whatever it is taken for', () => {
  const pieces = fc.constantFrom(
    'lease',
    '10.0.0.5',
    '{',
    '}',
    ';',
    '"',
    '\\',
    '#',
    '\n',
    ' ',
    'uid',
    'ends',
    '4 2026/11/21 01:00:00',
    'never',
    '\\001',
    ',',
    ':',
    '52:54:00:00:00:05',
    HEADER,
    '0',
    'duid',
    'hardware ethernet',
    '&#x2c',
  );
  const text = fc.array(fc.oneof({ weight: 9, arbitrary: pieces }, fc.string()), { maxLength: 60 });
  fc.assert(
    fc.property(text, fc.constantFrom(...LEASE_FORMATS), (parts, format) => {
      const { records, faults } = readLeaseFile(format, parts.join(''), NOW);
      for (const { place } of [...records, ...faults]) assert.ok(place.line >= 1 && place.column >= 1);
    }),
    { numRuns: 2000 },
  );
});

test('what is no lease file is not recognised', () => {
  for (const text of ['', '\n', '{}', 'interfaces: [eth1]\n', 'address,duid,valid_lifetime\n', '%PDF-1.4']) {
    assert.equal(recognise(text), undefined, text);
  }
});

describe('Kea reads what is written for it', () => {
  const bindings = [
    binding('10.11.11.50', 'mac:52:54:00:aa:00:01', {
      mac: '52:54:00:aa:00:01',
      clientId: '01525400aa0001',
      hostname: 'node1,rack',
      expiresAt: 1_795_228_260_000,
      touchedAt: 1_795_224_660_000,
    }),
    binding('10.11.11.51', 'declined', {
      state: 'declined',
      expiresAt: 1_795_300_000_000,
      touchedAt: 1_795_213_600_000,
    }),
    binding('10.11.11.52', 'id:00', {
      mac: '',
      clientId: '00ff',
      state: 'released',
      expiresAt: 1_795_224_000_000,
      touchedAt: 1_795_224_000_000,
    }),
    binding('10.11.11.53', 'mac:52:54:00:aa:00:04', {
      expiresAt: 253_402_214_400_000,
      touchedAt: 1_795_224_660_000,
    }),
  ];
  const subnetId = (address: number): number => (address === ip('10.11.11.53') ? 0 : 7);

  test('by golden text', () => {
    const told = [...writeKea(bindings, subnetId)].join('');
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(path('export.csv'), told);
    assert.equal(told, fixture('export.csv'));
  });

  test('and it comes back as it was', () => {
    const { records, faults } = readLeaseFile('kea-csv', [...writeKea(bindings, subnetId)].join(''), NOW);
    assert.deepEqual(faults, []);
    const kept = records.map(({ place, ...record }) => record);
    const [first, , third, fourth] = bindings.map(({ identity, ...rest }) => ({
      clientId: undefined,
      hostname: undefined,
      ...rest,
    }));
    assert.deepEqual([kept[0], kept[3]], [first, fourth]);
    assert.deepEqual([kept[1]?.state, kept[1]?.expiresAt], ['declined', 1_795_300_000_000]);
    assert.equal(kept[2]?.clientId, third?.clientId);
    assert.ok((kept[2]?.expiresAt ?? NOW) < NOW, 'a lease that is over stays over');
  });
});

describe('what becomes of records', () => {
  const record = (address: string, more: Partial<LeaseRecord> = {}): LeaseRecord => ({
    place: { line: 1, column: 1 },
    ip: ip(address),
    mac: '52:54:00:00:00:05',
    state: 'bound',
    expiresAt: NOW + 1000,
    touchedAt: NOW - 1000,
    ...more,
  });
  const site = (stored: readonly ReturnType<typeof binding>[] = []) => ({
    identityOf: ({ mac }: LeaseRecord) => (mac === '' ? undefined : `mac:${mac}`),
    obstacle: (address: number) => (address === ip('10.9.0.5') ? 'elsewhere' : undefined),
    stored: (address: number) => stored.find((each) => each.ip === address),
    now: NOW,
  });

  test('the last record of an address counts', () => {
    const plan = planImport(
      [record('10.0.0.5', { hostname: 'old' }), record('10.0.0.6'), record('10.0.0.5', { hostname: 'new' })],
      site(),
    );
    assert.deepEqual(
      plan.bindings.map(({ hostname }) => hostname),
      ['new', undefined],
    );
    assert.equal(plan.bindings[0]?.identity, 'mac:52:54:00:00:00:05');
    assert.equal(plan.running, 2);
  });
  test('a record that nobody has it takes back what came before', () => {
    const plan = planImport([record('10.0.0.5'), record('10.0.0.5', { state: 'nobody' })], site());
    assert.deepEqual([plan.bindings, plan.nobody], [[], 1]);
  });
  test('a lease that is over is kept for its client, and one of nobody is not', () => {
    const plan = planImport(
      [record('10.0.0.5', { expiresAt: NOW - 1 }), record('10.0.0.6', { mac: '' })],
      site(),
    );
    assert.deepEqual([plan.bindings.length, plan.running, plan.nobody], [1, 0, 1]);
  });
  test('a declined address stays out: until its end, or for a day when the file knows none', () => {
    const declined = { state: 'declined', mac: '' } as const;
    const plan = planImport(
      [
        record('10.0.0.5', { ...declined, expiresAt: NOW + 5000 }),
        record('10.0.0.6', { ...declined, expiresAt: 253_402_214_400_000 }),
        record('10.0.0.7', { ...declined, expiresAt: NOW - 1 }),
      ],
      site(),
    );
    assert.deepEqual(
      plan.bindings.map(({ identity, state, expiresAt }) => [identity, state, expiresAt - NOW]),
      [
        ['declined', 'declined', 5000],
        ['declined', 'declined', 24 * 3600 * 1000],
      ],
    );
  });
  test('the running lease of another client here stays, and is told', () => {
    const stored = [
      binding('10.0.0.5', 'mac:other', { expiresAt: NOW + 5000 }),
      binding('10.0.0.6', 'mac:other', { expiresAt: NOW - 5000 }),
    ];
    const plan = planImport([record('10.0.0.5'), record('10.0.0.6')], site(stored));
    assert.deepEqual(
      plan.bindings.map((each) => formatIpv4(each.ip)),
      ['10.0.0.6'],
    );
    assert.deepEqual(
      plan.conflicts.map(({ message }) => message),
      ['10.0.0.5 is leased here to mac:other until 2026-11-21T01:41:08.000Z'],
    );
  });
  test('what is known here later than the file is left as it is', () => {
    const own = binding('10.0.0.5', 'mac:52:54:00:00:00:05', { touchedAt: NOW - 1000 });
    assert.equal(planImport([record('10.0.0.5')], site([own])).older, 1);
    assert.equal(planImport([record('10.0.0.5', { touchedAt: NOW - 999 })], site([own])).bindings.length, 1);
  });
  test('a client that goes by another name here by now is no other client', () => {
    const own = { mac: '52:54:00:00:00:05', clientId: 'ff01', expiresAt: NOW + 5000 };
    const stored = [binding('10.0.0.5', 'id:ff01', { ...own, touchedAt: NOW - 2000 })];
    const plan = planImport([record('10.0.0.5', { clientId: 'ff01' })], site(stored));
    assert.deepEqual(
      plan.bindings.map(({ identity }) => identity),
      ['mac:52:54:00:00:00:05'],
    );
    const later = [binding('10.0.0.5', 'id:ff01', { ...own, touchedAt: NOW - 999 })];
    assert.equal(planImport([record('10.0.0.5', { clientId: 'ff01' })], site(later)).older, 1);
  });
  test('a running lease that cannot last here is imported with a warning', () => {
    const plan = planImport(
      [record('10.9.0.5'), record('10.9.0.5', { place: { line: 9, column: 1 } })],
      site(),
    );
    assert.deepEqual(
      [plan.bindings.length, plan.warnings],
      [1, [{ place: { line: 9, column: 1 }, message: 'elsewhere' }]],
    );
  });
});
