/** TFTP over IPv6 from a port that the operator names, and in single-port mode; and on a host that has no IPv6. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { decodeTftp, encodeAck, encodeRequest } from '../../src/tftp/packets.ts';
import { formatIpv6, type Ipv6, parseIpv6 } from '../../src/values/ipv6.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type Station, station6, until } from '../net/inside.ts';
import { atftp, busybox, CLIENTS, fetchAndCompare } from './programs.ts';
import { openStation } from './station.ts';

const HOST = 'fd00:77::1';
const FILE = 'file.bin';
const WITHOUT_IPV6 = resolve(import.meta.dirname, '../lab/without-ipv6.ts');

const ip = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);
const request = encodeRequest({ kind: 'rrq', file: FILE, mode: 'octet', options: [] });

const network = createLinuxNetwork();
const inbox = makeScratch('ipv6-ports');
let lab: Lab;
let srv: Namespace;
let cli: Namespace;

before(() => {
  lab = openLab();
  srv = lab.namespace('srv');
  cli = lab.namespace('cli');
  lab.veth({ in: srv, nic: 'eth1' }, { in: cli, nic: 'eth0' });
  lab.address(srv, 'eth1', '10.77.0.1/24');
  lab.address(cli, 'eth0', '10.77.0.2/24');
  srv.runSync('ip', 'address', 'add', `${HOST}/64`, 'dev', 'eth1', 'nodad');
  for (const address of ['fd00:77::2/64', 'fd00:77::3/64'])
    cli.runSync('ip', 'address', 'add', address, 'dev', 'eth0', 'nodad');
});

after(async () => {
  await network.close();
  await lab?.close();
  inbox.remove();
});

const start = (tftp: Readonly<Record<string, unknown>>, under: readonly string[] = []): Promise<Server> =>
  startServer(srv, {
    config: { interfaces: ['eth1'], dhcp: { mode: 'off' }, http: { port: 0 }, tftp },
    texts: { [`tftpboot/${FILE}`]: '' },
    under,
  });

async function answer(to: Station<Ipv6>) {
  await until(() => to.received.length > 0, 'a packet');
  const { bytes, source, sourcePort } = to.received.shift() ?? assert.fail();
  return { packet: decodeTftp(bytes), source: formatIpv6(source), port: sourcePort };
}

for (const port of [69, 6969]) {
  describe(`transferPort ${port}`, () => {
    let server: Server;

    before(async () => {
      server = await start({ transferPort: port, maxTransfers: 9 });
      writeFileSync(join(server.folder, `tftpboot/${FILE}`), randomBytes(100_001));
    });
    after(() => server?.stop());

    test('real clients get their file, over IPv4 and IPv6', async () => {
      const root = join(server.folder, 'tftpboot');
      const [curl = assert.fail()] = CLIENTS;
      for (const client of [curl, busybox(1448), atftp('windowsize 8', 'blksize 1448'), atftp('tsize 0')])
        for (const host of [HOST, '10.77.0.1'])
          await fetchAndCompare(client, { host, port: 69, root }, FILE, inbox.path, [
            ...['ip', 'netns', 'exec', cli.name],
          ]);
    });

    test("every packet comes from that port; another port's ACK gets error 5 from there and disturbs nothing", async () => {
      const client = station6(network, cli, 'eth0');
      const stranger = station6(network, cli, 'eth0');
      client.socket.send([{ to: ip(HOST), port: 69, head: request }]);
      const first = await answer(client);
      assert.deepEqual([first.packet.kind, first.source, first.port], ['data', HOST, port]);
      stranger.socket.send([{ to: ip(HOST), port, head: encodeAck(1) }]);
      const packet = { kind: 'error', code: 5, message: 'unknown transfer' };
      assert.deepEqual(await answer(stranger), { packet, source: HOST, port });
      client.socket.send([{ to: ip(HOST), port, head: encodeAck(1) }]);
      const second = await answer(client);
      assert.equal(second.packet.kind === 'data' && second.packet.block, 2);
      client.socket.close();
      stranger.socket.close();
    });

    test('an address has its share, however many ports it asks from; another one is served', async () => {
      const from = server.records.all.length;
      const greedy = Array.from({ length: 9 }, () => station6(network, cli, 'eth0'));
      for (const { socket } of greedy)
        socket.send([{ to: ip(HOST), port: 69, head: request, from: ip('fd00:77::3') }]);
      await server.records.waitFor(
        'the notice',
        ({ msg }) => msg.startsWith('8 TFTP transfers of fd00:77::3 are under way on eth1'),
        { seconds: 10, from },
      );
      const other = station6(network, cli, 'eth0');
      other.socket.send([{ to: ip(HOST), port: 69, head: request, from: ip('fd00:77::2') }]);
      assert.equal((await answer(other)).packet.kind, 'data');
      for (const { socket } of [...greedy, other]) socket.close();
    });
  });
}

test('with several lanes each transfer is carried by the one that its packets come to', async () => {
  const station = await openStation({ lanes: 3, at: { inside: srv, nic: 'eth1' } });
  try {
    writeFileSync(join(station.root, FILE), randomBytes(100_001));
    const from = { host: HOST, port: station.port6, root: station.root };
    const [curl = assert.fail()] = CLIENTS;
    // Each from a port of its own: that all of them meet one lane is as good as impossible.
    const fetches = Array.from({ length: 12 }, (_, index) =>
      fetchAndCompare({ ...curl, name: `curl ${index}` }, from, FILE, inbox.path, [
        ...['ip', 'netns', 'exec', cli.name],
      ]),
    );
    await Promise.all(fetches);
  } finally {
    await station.close();
  }
});

test('a host without IPv6: it is said once, and IPv4 is served', async () => {
  const server = await start({}, [process.execPath, WITHOUT_IPV6]);
  try {
    const told = server.records.all.filter(({ msg }) => msg.includes('IPv6'));
    assert.deepEqual(
      told.map(({ level, msg }) => [level, msg]),
      [[30, 'there is no IPv6 for this process (EAFNOSUPPORT): files are served over IPv4 only']],
    );
    writeFileSync(join(server.folder, `tftpboot/${FILE}`), 'content');
    assert.equal(await cli.run('curl', '-sS', `tftp://10.77.0.1/${FILE}`), 'content');
    const { ports } = server.records.all.find(({ msg }) => msg === 'ready') as unknown as {
      readonly ports: Readonly<Record<string, number>>;
    };
    assert.equal(await cli.run('curl', '-sS', `http://10.77.0.1:${ports['http']}/boot/${FILE}`), 'content');
    // 7: nobody listens (curl(1)).
    const over6 = cli.run('curl', '-sS', '-g', `http://[${HOST}]:${ports['http']}/boot/${FILE}`);
    await assert.rejects(over6, { code: 7 });
  } finally {
    await server.stop();
  }
});

test('IPv6 that is switched off by sysctl, and on again while the server runs', async () => {
  const setting = (off: 0 | 1) => srv.runSync('sysctl', '-qw', `net.ipv6.conf.all.disable_ipv6=${off}`);
  const [curl = assert.fail()] = CLIENTS;
  setting(1);
  const server = await start({});
  try {
    writeFileSync(join(server.folder, `tftpboot/${FILE}`), 'content');
    const fetch = (host: string) =>
      fetchAndCompare(curl, { host, port: 69, root: join(server.folder, 'tftpboot') }, FILE, inbox.path, [
        ...['ip', 'netns', 'exec', cli.name],
      ]);
    await fetch('10.77.0.1');
    setting(0);
    srv.runSync('ip', 'address', 'add', `${HOST}/64`, 'dev', 'eth1', 'nodad');
    await fetch(HOST);
  } finally {
    await server.stop();
  }
});
