/** `pilotlight leases import`, `export` and `release` while no server runs, as an operator types them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { readBindings } from '../../src/leases/sqlite.ts';
import { lockState } from '../../src/leases/state-lock.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');
const FIXTURES = resolve(import.meta.dirname, '../leases/fixtures');

const CONFIG = `interfaces: [lo]
dhcp:
  mode: full
  subnets:
    - { subnet: 10.11.11.0/24, pools: [10.11.11.50-10.11.11.99] }
    - { subnet: 10.12.0.0/24, pools: [10.12.0.50-10.12.0.99], clientIdentity: mac }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilotlight-cli-'));
  write('pilotlight.yaml', CONFIG);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function leases(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(LAUNCHER, ['leases', ...args], { cwd: folder, encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const stored = (): string[] =>
  readBindings(join(folder, 'state')).map(
    ({ ip, identity, state }) => `${formatIpv4(ip)} ${identity} ${state}`,
  );

/** A time that no clock of a test reaches. */
const LATER = 4_000_000_000;
const row = (address: string, mac: string, clientId = '', expire = LATER): string =>
  `${address},${mac},${clientId},3600,${expire},1,0,0,,0\n`;
const HEADER = 'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n';
const MAC = '52:54:00:00:00:05';
const TYPE_AND_MAC = '01:52:54:00:00:00:05';

describe('import', () => {
  for (const name of ['dhcpd.leases', 'kea-leases4.csv', 'dnsmasq.leases']) {
    test(`${name}, by what it looks like`, () => {
      copyFileSync(join(FIXTURES, name), join(folder, 'leases'));
      const { code, out, err } = leases('import', 'leases');
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^imported \d+ leases from leases \((isc|kea-csv|dnsmasq)\): \d+ running, \d+ over/);
      const told = JSON.parse(leases('--ip', '10.11.11.50', '--json').out);
      assert.deepEqual([told[0].mac, told[0].hostname], ['52:54:00:aa:00:01', 'node1']);
    });
  }

  test('clients are who they are to the server: machine, MAC address, client identifier', () => {
    write('machines/rack.yaml', 'mac: 52:54:00:00:00:09\nname: node9\n');
    const machine = row('10.11.11.53', '52:54:00:00:00:09', 'ff:01:02:03');
    const ordinary = row('10.11.11.50', MAC) + row('10.11.11.51', MAC, TYPE_AND_MAC);
    const own = row('10.11.11.52', MAC, 'ff:01:02:03') + row('10.12.0.50', MAC, 'ff:01:02:03');
    write('kea.csv', HEADER + ordinary + own + machine + row('10.11.11.54', '', ''));
    const { out } = leases('import', 'kea.csv');
    assert.match(out, /^imported 5 leases .*: 5 running, 0 over.*\npassed over: 1 that nobody has\n$/);
    assert.deepEqual(stored(), [
      `10.11.11.50 mac:${MAC} bound`,
      `10.11.11.51 mac:${MAC} bound`,
      '10.11.11.52 id:ff010203 bound',
      '10.11.11.53 machine:52:54:00:00:00:09 bound',
      `10.12.0.50 mac:${MAC} bound`,
    ]);
  });

  test('leases that will not last here are told, with their places', () => {
    write('machines/rack.yaml', 'mac: 52:54:00:00:00:09\nname: node9\nip: 10.11.11.60\n');
    const others = row('10.99.0.5', MAC) + row('10.11.11.10', MAC) + row('10.11.11.60', MAC);
    write('kea.csv', HEADER + others + row('10.99.0.6', MAC, '', 1_000_000_000));
    const { code, out, err } = leases('import', 'kea.csv');
    assert.equal(code, 0);
    assert.deepEqual(err.trimEnd().split('\n'), [
      'kea.csv:3:1: warning 10.11.11.10 lies in no pool of 10.11.11.0/24, so its client gets another one when it renews',
      'kea.csv:4:1: warning 10.11.11.60 is the fixed address of node9, so its client gets another one',
      'kea.csv:2:1: warning 10.99.0.5 lies in no entry of dhcp.subnets',
    ]);
    assert.match(out, /^imported 4 leases .*: 3 running, 1 over.*\n3 clients will get other addresses/);
  });

  test('all or nothing: a bad line is told with its place, and nothing is imported unless it may be left out', () => {
    write('kea.csv', `${HEADER}${row('10.11.11.50', MAC)}${row('10.11.11', MAC)}`);
    const { code, out, err } = leases('import', 'kea.csv');
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^kea\.csv:3:1: error address: "10\.11\.11" is no IPv4 address\npilotlight: nothing is imported/,
    );
    assert.ok(!existsSync(join(folder, 'state/leases.db')));
    const again = leases('import', 'kea.csv', '--skip-bad');
    assert.match(again.out, /^imported 1 leases .*\nnot understood: 1\n$/);
    assert.equal(stored().length, 1);
  });

  test('a second time it changes nothing, and the running lease of another client stays', () => {
    write('kea.csv', HEADER + row('10.11.11.50', MAC) + row('10.11.11.51', MAC));
    leases('import', 'kea.csv');
    assert.match(leases('import', 'kea.csv').out, /^imported 0 leases .*\nleft as they are: 2 /);
    write('other.csv', HEADER + row('10.11.11.50', '52:54:00:00:00:06', '', LATER + 10));
    const { out, err } = leases('import', 'other.csv');
    assert.match(
      err,
      /^other\.csv:2:1: conflict 10\.11\.11\.50 is leased here to mac:52:54:00:00:00:05 until /,
    );
    assert.match(out, /not imported: 1 that others have here/);
    assert.equal(stored()[0], `10.11.11.50 mac:${MAC} bound`);
  });

  test('what is no lease file, what is not there, and a state in use are told', () => {
    write('notes', 'buy milk\n');
    assert.match(
      leases('import', 'notes').err,
      /notes is no lease file that is known here\n {4}hint: .*--format/,
    );
    assert.match(leases('import', 'nowhere').err, /^pilotlight: cannot read nowhere: ENOENT/);
    write('kea.csv', HEADER + row('10.11.11.50', MAC));
    assert.match(leases('import', 'kea.csv', '--format', 'dnsmasq').err, /kea\.csv:1:1: error/);
    const lock = lockState(join(folder, 'state'));
    const { code, err } = leases('import', 'kea.csv');
    lock.release();
    assert.equal(code, 1);
    assert.match(err, /^pilotlight: the state directory \S+ is in use by \S+ \(pid \d+\)\n {4}hint: /);
  });
});

test('export gives Kea what import took from it', () => {
  write('kea.csv', HEADER + row('10.11.11.50', MAC, TYPE_AND_MAC) + row('10.12.0.50', MAC));
  leases('import', 'kea.csv');
  const { code, out, err } = leases('export', '--format', 'kea-csv');
  assert.equal(code, 0);
  assert.equal(err, 'subnet ids in this file: 1 is 10.11.11.0/24, 2 is 10.12.0.0/24\n');
  assert.deepEqual(out.split('\n').slice(1), [
    `10.11.11.50,${MAC},${TYPE_AND_MAC},3600,${LATER},1,0,0,,0,`,
    `10.12.0.50,${MAC},,3600,${LATER},2,0,0,,0,`,
    '',
  ]);
  assert.equal(leases('export').out, out, 'the format is the default');
});

describe('release', () => {
  test('in the state of a server that is down', () => {
    write('kea.csv', HEADER + row('10.11.11.50', MAC) + row('10.11.11.51', MAC));
    leases('import', 'kea.csv');
    assert.equal(leases('release', '10.11.11.50').out, `released 10.11.11.50, which ${MAC} had\n`);
    assert.deepEqual(stored(), [`10.11.11.50 mac:${MAC} released`, `10.11.11.51 mac:${MAC} bound`]);
    const { code, err } = leases('release', '10.11.11.52');
    assert.deepEqual([code, err], [1, 'pilotlight: nobody has this address\n']);
  });
  test('flags may stand on either side of the subcommand', () => {
    write('other.yaml', CONFIG.replace('interfaces', 'state: elsewhere\ninterfaces'));
    write('kea.csv', HEADER + row('10.11.11.50', MAC));
    assert.equal(leases('import', 'kea.csv', '-c', 'other.yaml').code, 0);
    assert.equal(leases('release', '10.11.11.50').code, 1);
    assert.equal(leases('-c', 'other.yaml', 'release', '10.11.11.50').code, 0);
    assert.equal(leases('release', '10.11.11.50', '-c', 'other.yaml').code, 0);
    assert.ok(existsSync(join(folder, 'elsewhere/leases.db')));
  });
  test('an address is wanted', () => {
    assert.match(leases('release', 'node1').err, /An IPv4 address is wanted/);
  });
});

test('filters and pools, from the state of a server that is down', () => {
  write('machines/rack.yaml', 'mac: 52:54:00:00:00:09\nip: 10.11.11.99\n');
  write(
    'kea.csv',
    HEADER + row('10.11.11.50', MAC) + row('10.11.11.51', '52:54:00:00:00:06', '', 1_000_000_000),
  );
  leases('import', 'kea.csv');
  const addresses = (...flags: string[]): string[] =>
    JSON.parse(leases(...flags, '--json').out).map(({ ip }: { readonly ip: string }) => ip);
  assert.deepEqual(addresses('--mac', '52-54-00-00-00-06'), ['10.11.11.51']);
  assert.deepEqual(addresses('--state', 'bound'), ['10.11.11.50']);
  assert.deepEqual(addresses('--subnet', '10.12.0.0/24'), []);
  assert.match(leases('--state', 'borrowed').err, /Allowed choices are bound, expired, released, declined/);
  const pools = (subnet: string): string[] =>
    JSON.parse(leases('--pools', '--subnet', subnet, '--json').out).map(
      (each: { readonly subnet: string }) => each.subnet,
    );
  assert.deepEqual(pools('10.12.0.0/24'), ['10.12.0.0/24']);
  assert.deepEqual(pools('10.12.0.0/16'), ['10.12.0.0/24'], 'of all subnets within, as leases are chosen');
  assert.deepEqual(pools('10.0.0.0/8'), ['10.11.11.0/24', '10.12.0.0/24']);
  assert.deepEqual(pools('10.13.0.0/16'), []);
  const [first] = JSON.parse(leases('--pools', '--json').out);
  assert.deepEqual(first, {
    pool: '10.11.11.50-10.11.11.99',
    subnet: '10.11.11.0/24',
    size: 50,
    bound: 1,
    offered: 0,
    declined: 0,
    reserved: 1,
    free: 48,
  });
  assert.ok(readFileSync(join(folder, 'state/leases.db')).length > 0);
});

test('what clients call themselves steers no terminal', () => {
  write('kea.csv', HEADER + row('10.11.11.50', MAC).replace(',,0\n', ',&#x1b[2Jnode1,0\n'));
  leases('import', 'kea.csv');
  assert.match(leases().out, / {2}\\x1b\[2Jnode1\n$/);
  assert.equal(JSON.parse(leases('--json').out)[0].hostname, '\u001b[2Jnode1');
});
