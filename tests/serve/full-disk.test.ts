/** A disk that fills up under a running server, and one that cannot be written when it starts. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync, symlinkSync, truncateSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { leaseFile } from '../../src/leases/lease-file.ts';
import { openSqliteStore } from '../../src/leases/sqlite.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network } from '../../src/net/udp.ts';
import { createFeed, type Feed } from '../lab/feed.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { openRelay, type Relay, type RelayedReply } from '../lab/relay.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { binding } from '../leases/rules.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

/** A small file system of its own, in memory. */
interface Disk {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): void;
  free(): void;
  readOnly(): void;
  remove(): void;
}

function mountDisk(bytes: number): Disk {
  const scratch = makeScratch('disk');
  const mount = (...args: string[]): void => void execFileSync('mount', args);
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', scratch.path);
  const unmount = (): void => void spawnSync('umount', ['--lazy', scratch.path]);
  process.once('exit', unmount);
  const filler = join(scratch.path, 'filler');
  return {
    path: scratch.path,
    fill() {
      const file = openSync(filler, 'w');
      try {
        for (let size = 1 << 16; size >= 1; ) {
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size >>= 1;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler),
    readOnly: () => mount('-o', 'remount,ro', scratch.path),
    remove() {
      process.off('exit', unmount);
      unmount();
      scratch.remove();
    },
  };
}

describe('a disk that fills up', () => {
  let rack: Rack;
  let disk: Disk;
  let network: Network;
  let relay: Relay;
  let server: Server;
  const replies: Feed<RelayedReply> = createFeed((reply) => JSON.stringify(reply));

  const setup = () => ({
    config: {
      interfaces: ['eth0'],
      state: disk.path,
      dhcp: {
        mode: 'full',
        conflictCheck: 'off',
        subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'], leaseTime: '1h' }],
      },
    },
  });

  before(async () => {
    rack = openRack();
    disk = mountDisk(4 << 20);
    network = createLinuxNetwork();
    relay = openRelay(network, {
      namespace: rack.host('relay', '10.77.0.9/24'),
      nic: 'eth0',
      giaddr: '10.77.0.9',
      server: SERVER_ADDRESS,
      onReply: replies.push,
    });
    server = await startServer(rack.server, setup());
  });
  after(async () => {
    await server.stop();
    relay.close();
    await network.close();
    await rack.close();
    disk.remove();
  });

  const http = (path: string) =>
    rack.server.run('curl', '-s', '-w', ' %{http_code}', `http://${SERVER_ADDRESS}:8080${path}`);

  /** The reply to what a client sends; it asks again each half second, as clients do, until one comes. */
  async function ask(...asked: Parameters<Relay['send']>): Promise<RelayedReply> {
    const [, client] = asked;
    const from = replies.all.length;
    const again = setInterval(() => relay.send(...asked), 500);
    try {
      relay.send(...asked);
      return await replies.waitFor('a reply', (reply) => reply.client === client, { seconds: 10, from });
    } finally {
      clearInterval(again);
    }
  }

  async function lease(client: number): Promise<RelayedReply> {
    const offer = await ask('DISCOVER', client);
    return ask('REQUEST', client, { requested: offer.ip, serverId: SERVER_ADDRESS });
  }

  test('new clients are not served, and it is told in the log, /readyz and the metrics', async () => {
    assert.equal((await lease(1)).ip, '10.77.0.50');
    disk.fill();
    const from = replies.all.length;
    const offer = await ask('DISCOVER', 2);
    relay.send('REQUEST', 2, { requested: offer.ip, serverId: SERVER_ADDRESS });
    const told = await server.records.waitFor('it is told', ({ level }) => level >= 50, { seconds: 5 });
    assert.match(
      told.msg,
      /cannot write leases to \S+: database or disk is full: no new leases are given out/,
    );
    relay.send('DISCOVER', 3);
    assert.match(await http('/readyz'), /"unavailable".*disk is full.* 503$/);
    assert.match(await http('/metrics'), /^pilotlight_lease_store_up 0$/m);
    assert.match(await http('/metrics'), /^pilotlight_dhcp_ignored_total\{code="STORE_FAILED"\} [12]$/m);
    assert.deepEqual(
      replies.all.slice(from).map(({ type, client }) => `${client} ${type}`),
      ['2 OFFER'],
    );
  });

  test('a running lease is renewed until its stored end', async () => {
    const stored = (await http('/v1/leases?state=bound')).match(/"expiresAt":"([^"]+)"/)?.[1] ?? '';
    const { type, ip, leaseTime = 0 } = await ask('REQUEST', 1, { ciaddr: '10.77.0.50' });
    assert.deepEqual([type, ip], ['ACK', '10.77.0.50']);
    assert.ok(leaseTime > 0 && Date.now() + leaseTime * 1000 <= Date.parse(stored) + 1000, `${leaseTime} s`);
    const restarted = await ask('DISCOVER', 1);
    assert.deepEqual([restarted.type, restarted.ip], ['OFFER', '10.77.0.50']);
  });

  test('an operator’s change is refused in words', () => {
    const config = join(server.folder, 'pilotlight.yaml');
    const done = spawnSync(LAUNCHER, ['leases', 'release', '10.77.0.50', '-c', config], { encoding: 'utf8' });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^pilotlight: cannot write leases to \S+: database or disk is full\n$/);
  });

  test('a server that is killed and started again on the full disk goes on in the same way', async () => {
    await server.kill();
    server = await startServer(rack.server, setup());
    assert.match(await http('/readyz'), / 503$/);
    const renewed = await ask('REQUEST', 1, { ciaddr: '10.77.0.50' });
    assert.deepEqual([renewed.type, renewed.ip], ['ACK', '10.77.0.50']);
  });

  test('with room again it serves new clients, without being told', async () => {
    disk.free();
    await server.records.waitFor(
      'it works again',
      ({ msg }) => msg.startsWith('leases can be written again'),
      {
        seconds: 5,
      },
    );
    assert.match(await http('/readyz'), / 200$/);
    const { type, leaseTime } = await lease(4);
    assert.deepEqual([type, leaseTime], ['ACK', 3600]);
    assert.equal((await ask('REQUEST', 1, { ciaddr: '10.77.0.50' })).leaseTime, 3600);
  });
});

describe('a state that is no good when the server starts is told, with what to do', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = makeScratch('state');
  });
  afterEach(() => scratch.remove());

  /** The words of `serve`, which must not start. */
  function refusal(directory: string): string {
    const config = join(scratch.path, 'pilotlight.yaml');
    const dhcp = '{ mode: full, subnets: [{ subnet: 127.0.0.0/8 }] }';
    execFileSync('sh', ['-c', `echo 'interfaces: [lo]\nstate: ${directory}\ndhcp: ${dhcp}' > ${config}`]);
    const done = spawnSync(LAUNCHER, ['serve', '-c', config], {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    assert.equal(done.status, 1, done.stdout);
    assert.doesNotMatch(done.stderr, /\n {4}at /, 'no stack');
    assert.match(done.stderr, /\n {4}hint: /);
    return done.stderr;
  }

  async function fill(directory: string): Promise<string> {
    const store = openSqliteStore(directory);
    const leases = Array.from({ length: 20_000 }, (_, index) => ({
      ...binding('10.0.0.0', `mac:${index}`, { hostname: `node${index}` }),
      ip: 0x0a000000 + index,
    }));
    await store.commit(leases);
    await store.close();
    return leaseFile(directory);
  }

  test('a directory on a file system that is read-only', () => {
    const disk = mountDisk(1 << 20);
    try {
      disk.readOnly();
      assert.match(refusal(disk.path), /^pilotlight: not started: cannot write to the state directory \S+: /);
    } finally {
      disk.remove();
    }
  });

  test('a path that is no directory', () => {
    execFileSync('touch', [join(scratch.path, 'file')]);
    assert.match(refusal(join(scratch.path, 'file')), /cannot write to the state directory \S+: /);
  });

  test('a path where no directory can be made, though nothing is there', () => {
    const what = /not started: cannot write to the state directory \/proc\/pilotlight: ENOENT: /;
    assert.match(refusal('/proc/pilotlight'), what);
  });

  test('a path below a link that leads nowhere', () => {
    symlinkSync('/mnt/gone', join(scratch.path, 'link'));
    const what =
      /cannot write to the state directory \S+: \S+\/link is a link to \/mnt\/gone, which is not there\n/;
    assert.match(refusal(join(scratch.path, 'link/state')), what);
  });

  test('a file that was cut short', async () => {
    const file = await fill(scratch.path);
    truncateSync(file, Math.floor(statSync(file).size / 2) + 100);
    assert.match(refusal(scratch.path), /not started: the leases in \S+leases\.db are damaged: /);
  });

  test('a file with damaged pages', async () => {
    const file = await fill(scratch.path);
    const opened = openSync(file, 'r+');
    writeSync(opened, Buffer.alloc(8192, 0x5a), 0, 8192, 4096 * 40);
    closeSync(opened);
    assert.match(refusal(scratch.path), /not started: the leases in \S+leases\.db are damaged: /);
  });

  test('a file that was emptied, beside its log', async () => {
    const file = await fill(scratch.path);
    truncateSync(file);
    execFileSync('sh', ['-c', `yes log | head -c 9000 > ${file}-wal`]);
    assert.match(
      refusal(scratch.path),
      /not started: the leases in \S+leases\.db are damaged: it has 0 bytes, /,
    );
  });

  test('a file that is no database', () => {
    execFileSync('sh', ['-c', `yes nothing | head -c 9000 > ${leaseFile(scratch.path)}`]);
    assert.match(refusal(scratch.path), /not started: cannot open the leases in \S+: file is not a database/);
  });
});
