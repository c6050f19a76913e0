/**
 * TFTP and HTTP over IPv6, with real clients, and packet by packet. Needs root and the clients' packages.
 *
 *   srv  eth1 ── eth0 cli     fd00:77::/64 and 2001:db8:77::/64, fe80::1 and fe80::2
 *        eth2 ── eth0 far     fe80::1 and fe80::2 again; the server has no IPv4 address here
 *        eth1 ── eth0 router eth1 ── eth0 branch     fd00:88::/64, by a link of 1400 bytes
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { decodeTftp, encodeAck, encodeRequest } from '../../src/tftp/packets.ts';
import { formatIpv6, type Ipv6, parseIpv6 } from '../../src/values/ipv6.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type LogRecord, type Server, type ServerSetup, startServer } from '../lab/server.ts';
import { type Station, station6, until } from '../net/inside.ts';
import { CLIENTS, type Client, fetchAndCompare, tftpUrl } from './programs.ts';

const UNIQUE = 'fd00:77::1';
const SECOND = 'fd00:77::9';
const GLOBAL = '2001:db8:77::1';
const LINK_LOCAL = 'fe80::1';
const CLIENT_MAC = '52:54:00:aa:00:01';
const BRANCH_MAC = '52:54:00:aa:00:02';
const HTTP_PORT = 8080;

const SIZES = [0, 1, 511, 512, 513, 1448, 3 * 1448, 300_001];

const SETUP: ServerSetup = {
  config: {
    interfaces: ['eth1', 'eth2'],
    dhcp: { mode: 'off' },
    http: { port: HTTP_PORT },
    log: { level: 'debug' },
  },
  texts: {
    'profiles/known.yaml': [
      'name: known',
      `match: { mac: [${CLIENT_MAC}, ${BRANCH_MAC}] }`,
      'boot: { kernel: vmlinuz }',
      'files: { who.cfg: { template: who.cfg.liquid } }',
    ].join('\n'),
    'profiles/who.cfg.liquid':
      '{{ machine.name }} {{ machine.ip }} {{ server.address }} {{ server.httpUrl }} {{ server.tftpUrl }}',
    'machines/all.yaml': `- { mac: ${CLIENT_MAC}, name: node1 }\n- { mac: ${BRANCH_MAC}, name: node2 }\n`,
  },
};

const ip = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);

function address(inside: Namespace, nic: string, ...cidrs: readonly string[]): void {
  // Otherwise an address is none before a second or two of probing for it.
  for (const cidr of cidrs) inside.runSync('ip', 'address', 'add', cidr, 'dev', nic, 'nodad');
}

const network = createLinuxNetwork();
const inbox = makeScratch('ipv6');
let lab: Lab;
let srv: Namespace;
let cli: Namespace;
let far: Namespace;
let branch: Namespace;
let server: Server;

before(async () => {
  lab = openLab();
  srv = lab.namespace('srv');
  cli = lab.namespace('cli');
  far = lab.namespace('far');
  branch = lab.namespace('br');
  const router = lab.namespace('rt');
  const link = lab.namespace('ln');
  lab.bridge(link, 'br0');
  for (const [inside, nic, port] of [
    [srv, 'eth1', 'srv'],
    [cli, 'eth0', 'cli'],
    [router, 'eth0', 'rt'],
  ] as const) {
    lab.veth({ in: inside, nic }, { in: link, nic: port });
    lab.enslave(link, port, 'br0');
  }
  lab.veth({ in: srv, nic: 'eth2' }, { in: far, nic: 'eth0' });
  lab.veth({ in: router, nic: 'eth1' }, { in: branch, nic: 'eth0' });
  cli.runSync('ip', 'link', 'set', 'eth0', 'address', CLIENT_MAC);
  lab.address(srv, 'eth1', '10.77.0.1/24');
  lab.address(cli, 'eth0', '10.77.0.2/24');
  address(srv, 'eth1', `${UNIQUE}/64`, `${SECOND}/64`, `${GLOBAL}/64`, `${LINK_LOCAL}/64`);
  address(srv, 'eth2', `${LINK_LOCAL}/64`);
  address(cli, 'eth0', 'fd00:77::2/64', '2001:db8:77::2/64', 'fe80::2/64');
  address(far, 'eth0', 'fe80::2/64');
  router.runSync('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  router.runSync('ip', 'link', 'set', 'eth1', 'mtu', '1400');
  branch.runSync('ip', 'link', 'set', 'eth0', 'mtu', '1400');
  address(router, 'eth0', 'fd00:77::fe/64');
  address(router, 'eth1', 'fd00:88::fe/64');
  address(branch, 'eth0', 'fd00:88::5054:ff:feaa:2/64');
  srv.runSync('ip', '-6', 'route', 'add', 'fd00:88::/64', 'via', 'fd00:77::fe');
  branch.runSync('ip', '-6', 'route', 'add', 'default', 'via', 'fd00:88::fe');
  server = await startServer(srv, SETUP);
  for (const size of SIZES) writeFileSync(join(server.folder, `tftpboot/${size}.bin`), randomBytes(size));
});

after(async () => {
  await server?.stop();
  await network.close();
  await lab?.close();
  inbox.remove();
});

const root = () => join(server.folder, 'tftpboot');
const fetch = (client: Client, inside: Namespace, host: string, file: string) =>
  fetchAndCompare(
    // Files are put under the client's name, and some of these run at once.
    { ...client, name: `${client.name} of ${inside.name} from ${host}` },
    { host, port: 69, root: root() },
    file,
    inbox.path,
    ['ip', 'netns', 'exec', inside.name],
  );
const [CURL] = CLIENTS;
assert.ok(CURL);

/** The transfer on record from now on. */
function recorded(file: string, event: string): Promise<LogRecord> {
  const from = server.records.all.length;
  return server.records.waitFor(
    `${event} ${file}`,
    (record) => record.kind === 'transfer' && record.file === file && record.event === event,
    { seconds: 10, from },
  );
}

describe('real clients', { concurrency: true }, () => {
  for (const client of CLIENTS) {
    test(`${client.name}: files of ${SIZES.join(', ')} bytes`, async () => {
      for (const size of SIZES) await fetch(client, cli, UNIQUE, `${size}.bin`);
    });
  }
  test('from a link-local address, by its zone', async () => {
    for (const client of CLIENTS) await fetch(client, cli, `${LINK_LOCAL}%eth0`, '4344.bin');
  });
  test('from a global address and from another of the same network', async () => {
    for (const host of [GLOBAL, SECOND]) await fetch(CURL, cli, host, '300001.bin');
  });
  test('two at the same link-local address on two NICs each get theirs', async () => {
    const sizes = [513, 4344, 300_001];
    await Promise.all(
      [cli, far].flatMap((inside) =>
        sizes.map((size) => fetch(CURL, inside, `${LINK_LOCAL}%eth0`, `${size}.bin`)),
      ),
    );
  });
});

test('a path that is narrower than our NIC: blocks that are lost on it arrive after all', async () => {
  const blocks = ['curl', '-sS', '-m', '60', '--tftp-blksize', '1448', '-o'] as const;
  const client: Client = {
    name: 'curl, blksize 1448',
    fetch: (from, file, to) => [...blocks, to, tftpUrl(from, file)],
  };
  await fetch(client, branch, UNIQUE, '300001.bin');
  assert.match(srv.runSync('ip', '-6', 'route', 'get', 'fd00:88::5054:ff:feaa:2'), /mtu 1400/);
});

describe('who asks', () => {
  const urls = (host: string) => `${host} http://[${host}]:${HTTP_PORT}/boot tftp://[${host}]`;
  const get = (inside: Namespace, url: string) => inside.run('curl', '-sS', '-g', '-m', '20', url);

  test('is known by the kernel’s neighbour entry, whatever its address; URLs name the address that was asked', async () => {
    const record = recorded('who.cfg', 'done');
    assert.equal(
      await get(cli, tftpUrl({ host: UNIQUE, port: 69 }, 'who.cfg')),
      `node1 fd00:77::2 ${urls(UNIQUE)}`,
    );
    const { mac, client, nic } = (await record) as LogRecord & { readonly nic?: string };
    assert.deepEqual({ mac, client, nic }, { mac: CLIENT_MAC, client: 'fd00:77::2', nic: 'eth1' });
    const linkLocal = tftpUrl({ host: `${LINK_LOCAL}%eth0`, port: 69 }, 'who.cfg');
    assert.equal(await get(cli, linkLocal), `node1 fe80::2 ${urls(LINK_LOCAL)}`);
  });

  test('behind a router, by an address that is made of the MAC', async () => {
    const got = await get(branch, tftpUrl({ host: UNIQUE, port: 69 }, 'who.cfg'));
    assert.equal(got, `node2 fd00:88::5054:ff:feaa:2 ${urls(UNIQUE)}`);
  });

  test('so it is over HTTP', async () => {
    const file = (host: string) => `http://[${host}]:${HTTP_PORT}/boot/who.cfg`;
    assert.equal(await get(cli, file(UNIQUE)), `node1 fd00:77::2 ${urls(UNIQUE)}`);
    assert.equal(await get(branch, file(UNIQUE)), `node2 fd00:88::5054:ff:feaa:2 ${urls(UNIQUE)}`);
    assert.equal(await get(cli, file(`${LINK_LOCAL}%25eth0`)), `node1 fe80::2 ${urls(LINK_LOCAL)}`);
  });

  test('a stranger on the same link gets no file of others', async () => {
    await assert.rejects(get(far, tftpUrl({ host: `${LINK_LOCAL}%eth0`, port: 69 }, 'who.cfg')), {
      code: 68,
    });
  });
});

describe('packet by packet', () => {
  let client: Station<Ipv6>;

  before(() => {
    client = station6(network, cli, 'eth0');
  });

  function ask(file: string, options: Readonly<Record<string, string>> = {}, to = UNIQUE, port = 69): void {
    const list = Object.entries(options).map(([name, value]) => ({ name, value }));
    const head = encodeRequest({ kind: 'rrq', file, mode: 'octet', options: list });
    client.socket.send([{ to: ip(to), port, head }]);
  }

  async function next(from = client) {
    await until(() => from.received.length > 0, 'a packet');
    const { bytes, source, sourcePort } = from.received.shift() ?? assert.fail();
    return { packet: decodeTftp(bytes), source: formatIpv6(source), port: sourcePort };
  }

  test('each address that is asked is the one that answers, by one port of transfers', async () => {
    const ports = new Set<number>();
    for (const to of [UNIQUE, SECOND, GLOBAL, LINK_LOCAL]) {
      ask('1.bin', {}, to);
      const { packet, source, port } = await next();
      assert.deepEqual([packet.kind, source], ['data', to]);
      client.socket.send([{ to: ip(to), port, head: encodeAck(1) }]);
      ports.add(port);
    }
    assert.equal(ports.size, 1);
    assert.ok(!ports.has(69));
  });

  test('who asks another address of ours, from the same port, gets its answer there, whatever still goes on', async () => {
    for (const to of [UNIQUE, SECOND, GLOBAL]) {
      ask('300001.bin', {}, to);
      const { packet, source, port } = await next();
      assert.deepEqual([packet.kind, source], ['data', to]);
      client.socket.send([{ to: ip(to), port, head: encodeAck(1) }]);
      assert.equal((await next()).source, to);
    }
  });

  test('the largest block is what a frame carries behind the longer header', async () => {
    ask('300001.bin', { blksize: '1468', tsize: '0' });
    const { packet } = await next();
    assert.deepEqual(packet, {
      kind: 'oack',
      options: [
        { name: 'blksize', value: '1448' },
        { name: 'tsize', value: '300001' },
      ],
    });
  });

  test("another port's ACK gets error 5 and disturbs nothing", async () => {
    const stranger = station6(network, cli, 'eth0');
    client.received.length = 0;
    const other = { ...client };
    client = station6(network, cli, 'eth0');
    other.socket.close();
    ask('300001.bin');
    const { port } = await next();
    stranger.socket.send([{ to: ip(UNIQUE), port, head: encodeAck(1) }]);
    const refusal = await next(stranger);
    assert.deepEqual(refusal, {
      packet: { kind: 'error', code: 5, message: 'unknown transfer' },
      source: UNIQUE,
      port,
    });
    client.socket.send([{ to: ip(UNIQUE), port, head: encodeAck(1) }]);
    const { packet } = await next();
    assert.equal(packet.kind === 'data' && packet.block, 2);
    client.socket.close();
    stranger.socket.close();
    client = station6(network, cli, 'eth0');
  });

  test('a request to all hosts is not answered, and told', async () => {
    const from = server.records.all.length;
    ask('1.bin', {}, 'ff02::1');
    const told = await server.records.waitFor('a record', ({ kind }) => kind === 'malformed', {
      seconds: 10,
      from,
    });
    assert.equal(told.code, 'BROADCAST');
    ask('511.bin');
    const { packet } = await next();
    assert.equal(packet.kind === 'data' && packet.data.length, 511, 'nothing was said before it');
  });
});

test('what is served is told at the start', () => {
  const ready = server.records.all.find(({ msg }) => msg === 'ready') as LogRecord & {
    nics?: readonly string[];
  };
  const [eth1 = '', eth2 = ''] = ready.nics ?? [];
  assert.ok(eth1.startsWith(`eth1 10.77.0.1 ${GLOBAL} ${UNIQUE} ${SECOND} ${LINK_LOCAL}`), eth1);
  assert.ok(eth2.startsWith(`eth2 ${LINK_LOCAL}`), eth2);
  const notices = server.records.all.filter(({ kind }) => kind === 'notice').map(({ msg }) => msg);
  assert.deepEqual(notices, [
    'eth2 has no IPv4 address: machines on it get no DHCP answers, and files over IPv6 only',
  ]);
});

test('an address that comes later is served, and told', async () => {
  const from = server.records.all.length;
  address(srv, 'eth2', 'fd00:99::1/64');
  address(far, 'eth0', 'fd00:99::2/64');
  await server.records.waitFor('the address', ({ msg }) => msg === 'eth2 has the address fd00:99::1/64 now', {
    seconds: 10,
    from,
  });
  await fetch(CURL, far, 'fd00:99::1', '513.bin');
});
