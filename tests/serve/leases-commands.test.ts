/** `pilotlight leases` and `release` against a server that runs, by its control socket. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

async function lease(client: Namespace): Promise<string> {
  const flags = '-i eth0 -f -n -q -t 5 -T 1 -s /bin/true';
  const said = await client.run('sh', '-c', `busybox udhcpc ${flags} 2>&1`);
  return /lease of ([\d.]+) obtained/.exec(said)?.[1] ?? said;
}

describe('a running server', () => {
  let rack: Rack;
  let state: Scratch;
  let server: Server;
  let clients: readonly [Namespace, Namespace];

  /** Outside of every namespace of the test: the socket is a file. */
  async function leases(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const config = join(server.folder, 'pilotlight.yaml');
    const program = spawn(LAUNCHER, ['leases', ...args, '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    const code = new Promise<number | null>((done) => program.once('close', done));
    const [out, err] = await Promise.all([text(program.stdout), text(program.stderr)]);
    return { code: await code, out, err };
  }
  const http = (...args: string[]) => rack.server.run('curl', '-s', ...args);
  const url = (path: string) => `http://${SERVER_ADDRESS}:8080${path}`;

  before(async () => {
    rack = openRack();
    state = makeScratch(
      'a-state-directory-whose-path-is-longer-than-the-address-of-a-socket-has-room-for-in-linux',
    );
    const [one, two] = [1, 2].map((number) => {
      const inside = rack.host(`c${number}`, `10.78.0.${number}/24`);
      inside.runSync('ip', 'link', 'set', 'eth0', 'address', `52:54:00:00:00:0${number}`);
      return inside;
    });
    clients = [one as Namespace, two as Namespace];
    server = await startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        state: state.path,
        dhcp: {
          mode: 'full',
          conflictCheck: 'off',
          subnets: [
            { subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.59'], router: SERVER_ADDRESS },
            { subnet: '10.79.0.0/24', pools: ['10.79.0.50-10.79.0.99'] },
          ],
        },
      },
      texts: { 'machines/rack.yaml': 'mac: 52:54:00:00:00:03\nip: 10.77.0.55\n' },
    });
    assert.equal(await lease(clients[0]), '10.77.0.50');
    assert.equal(await lease(clients[1]), '10.77.0.51');
  });
  after(async () => {
    await server.stop();
    await rack.close();
    state.remove();
  });

  test('the socket is its user’s alone, and nothing else is left beside it', () => {
    const found = lstatSync(join(state.path, 'control.sock'));
    assert.ok(found.isSocket());
    assert.equal(found.mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(state.path).filter((name) => !name.startsWith('leases.db')),
      ['control.sock', 'lock'],
    );
  });

  test('tells the leases that are asked for', async () => {
    const all = [
      ['10.77.0.50', '52:54:00:00:00:01'],
      ['10.77.0.51', '52:54:00:00:00:02'],
    ];
    const cases: readonly [string[], readonly string[][]][] = [
      [[], all],
      [['--mac', '5254.0000.0002'], all.slice(1)],
      [['--ip', '10.77.0.50'], all.slice(0, 1)],
      [['--ip', '10.77.0.52'], []],
      [['--subnet', '10.77.0.0/24', '--state', 'bound'], all],
      [['--subnet', '10.79.0.0/24'], []],
      [['--state', 'expired'], []],
      [['--ip', '10.77.0.50', '--subnet', '10.79.0.0/24'], []],
    ];
    for (const [flags, expected] of cases) {
      const { out } = await leases(...flags, '--json');
      const told = JSON.parse(out).map(({ ip, mac }: Record<string, string>) => [ip, mac]);
      assert.deepEqual(told, expected, flags.join(' '));
    }
  });

  test('tells how full its pools are, by command, API and metrics', async () => {
    const first = { pool: '10.77.0.50-10.77.0.59', subnet: '10.77.0.0/24', size: 10, bound: 2 };
    const second = { pool: '10.79.0.50-10.79.0.99', subnet: '10.79.0.0/24', size: 50, bound: 0 };
    const rest = { offered: 0, declined: 0 };
    const expected = [
      { ...first, ...rest, reserved: 1, free: 7 },
      { ...second, ...rest, reserved: 0, free: 50 },
    ];
    assert.deepEqual(JSON.parse((await leases('--pools', '--json')).out), expected);
    assert.match(
      (await leases('--pools', '--subnet', '10.77.0.0/24')).out,
      /^POOL.*\n10\.77\.0\.50-10\.77\.0\.59 {2}10\.77\.0\.0\/24 {2}10 {4}2 {6}0 {8}0 {9}1 {9}7 {5}30%\n$/,
    );
    assert.deepEqual(JSON.parse(await http(url('/v1/pools'))), expected);
    assert.deepEqual(JSON.parse(await http(url('/v1/status'))).pools, expected);
    const metrics = await http(url('/metrics'));
    assert.match(metrics, /^pilotlight_pool_addresses\{pool="10\.77\.0\.50-10\.77\.0\.59"\} 10$/m);
    assert.match(metrics, /^pilotlight_pool_free_addresses\{pool="10\.77\.0\.50-10\.77\.0\.59"\} 7$/m);
  });

  test('the network may ask, and may change nothing', async () => {
    assert.equal(JSON.parse(await http(url('/v1/leases?state=bound&subnet=10.77.0.0/24'))).length, 2);
    assert.match(await http(url('/v1/leases?state=borrowed')), /BAD_REQUEST.*state/);
    assert.match(await http('-X', 'DELETE', url('/v1/leases/10.77.0.50')), /NOT_FOUND/);
    assert.equal(JSON.parse((await leases('--state', 'bound', '--json')).out).length, 2);
  });

  test('an import has to wait until the server is down', async () => {
    const { code, err } = await leases(
      'import',
      join(import.meta.dirname, '../leases/fixtures/dnsmasq.leases'),
    );
    assert.equal(code, 1);
    assert.match(
      err,
      /^pilotlight: the server is running, and may have given away .*\n {4}hint: stop it, import/,
    );
  });

  test('what is exported is what clients were told, while it runs too', async () => {
    const rows = (await leases('export')).out.trimEnd().split('\n').slice(1);
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 2).join(' ')),
      ['10.77.0.50 52:54:00:00:00:01', '10.77.0.51 52:54:00:00:00:02'],
    );
  });

  test('a released address is free for others, at once and after a restart', async () => {
    assert.equal(
      (await leases('release', '10.77.0.50')).out,
      'released 10.77.0.50, which 52:54:00:00:00:01 had\n',
    );
    const { ip, state: is } = JSON.parse((await leases('--json')).out)[0];
    assert.deepEqual([ip, is], ['10.77.0.50', 'released']);
    const stranger = rack.host('c9', '10.78.0.9/24');
    const said = await stranger.run(
      'sh',
      '-c',
      'busybox udhcpc -i eth0 -f -n -q -s /bin/true -r 10.77.0.50 2>&1',
    );
    assert.match(said, /lease of 10\.77\.0\.50 obtained/);
    const refused = await leases('release', '10.77.0.59');
    assert.deepEqual([refused.code, refused.err], [1, 'pilotlight: nobody has this address\n']);
  });

  test('the commands need the right to its socket', async () => {
    chmodSync(state.path, 0o755);
    const ask = ['curl', '-s', '--unix-socket', 'control.sock', 'http://server/v1/pools'];
    const run = (...args: string[]) =>
      text(spawn('setpriv', args, { cwd: state.path, stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
    assert.match(await run(...ask), /10\.77\.0\.50/);
    assert.equal(await run('--reuid', '65534', '--regid', '65534', '--clear-groups', ...ask), '');
  });
});
