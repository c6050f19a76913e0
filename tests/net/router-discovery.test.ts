import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ALL_NODES_LINK, decodeRouterFrame, encodeNoRouter, isMalformed } from '../../src/ndp/frame.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { RouterDiscovery, RouterSocket } from '../../src/net/router-discovery.ts';
import { NetError, type Network, type Nic } from '../../src/net/udp.ts';
import { formatIpv6, type Ipv6, parseIpv6 } from '../../src/values/ipv6.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, until } from './inside.ts';

const DEADLINE_MS = 20_000;

const NETWORK = new URL('../../src/net/linux.ts', import.meta.url).href;

/** A program that opens a socket and prints why it cannot. */
const opener = `
  import { createLinuxNetwork } from ${JSON.stringify(NETWORK)};
  const network = createLinuxNetwork();
  const nic = network.nics().find(({ name }) => name === 'rack0');
  try { network.routerSocket(nic, () => {}); console.log('opened'); }
  catch (error) { console.log(error.code + ': ' + error.message); }
  await network.close();`;

describe('router discovery on a NIC', () => {
  let lab: Lab;
  let network: Network & RouterDiscovery;
  let server: Namespace;
  let client: Namespace;
  let rack0: Nic;
  let own: Ipv6;

  before(async () => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    client = lab.namespace('c');
    lab.veth({ in: server, nic: 'rack0' }, { in: client, nic: 'eth0' });
    // One question each time it is plugged in, and at once.
    for (const setting of ['router_solicitation_delay=0', 'router_solicitations=1']) {
      client.runSync('sysctl', '-qw', `net.ipv6.conf.eth0.${setting}`);
    }
    rack0 = inside(server, () => nicOf(network, 'rack0'));
    await until(() => linkLocal() !== undefined, 'IPv6 has an address', DEADLINE_MS);
    own = linkLocal() ?? assert.fail();
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  let heard: string[] = [];
  beforeEach(() => {
    heard = [];
  });

  const linkLocal = () => inside(server, () => network.linkLocal(rack0));

  function open(nic = rack0): RouterSocket {
    return inside(server, () =>
      network.routerSocket(nic, (frame) => {
        const message = decodeRouterFrame(frame);
        heard.push(isMalformed(message) ? message.malformed : `${message.kind} ${message.linkSource}`);
      }),
    );
  }

  /** Has the client's kernel ask for routers. */
  function replug(): string {
    client.runSync('ip', 'link', 'set', 'eth0', 'down');
    client.runSync('ip', 'link', 'set', 'eth0', 'up');
    return `solicitation ${client.runSync('cat', '/sys/class/net/eth0/address').trim()}`;
  }

  test('a host’s question is heard, and nothing else of IPv6', async () => {
    const socket = open();
    // Multicast listener reports and duplicate address detection precede the question; pings follow one.
    const question = replug();
    await until(() => heard.length > 0, 'the question', DEADLINE_MS);
    client.runSync('sh', '-c', `busybox ping -6 -c 2 -W 1 ${formatIpv6(own)}%eth0 || true`);
    const again = replug();
    await until(() => heard.length > 1, 'the next question', DEADLINE_MS);
    assert.deepEqual([...new Set(heard)], [question]);
    assert.equal(question, again);
    socket.close();
  });

  test('the NIC takes what is sent to all routers, for as long as the socket is open', () => {
    const groups = (): string => server.runSync('ip', 'maddress', 'show', 'dev', 'rack0');
    assert.doesNotMatch(groups(), /33:33:00:00:00:02/);
    const socket = open();
    assert.match(groups(), /33:33:00:00:00:02/);
    assert.match(groups(), /33:33:00:00:00:01/);
    socket.close();
    assert.doesNotMatch(groups(), /33:33:00:00:00:02/);
  });

  test('what is sent arrives; a host takes it for a valid advertisement', async () => {
    const socket = open();
    await until(() => clientAddress() !== undefined, 'the client has an address', DEADLINE_MS);
    const before = counter('Icmp6InRouterAdvertisements');
    const destination = parseIpv6(clientAddress() ?? '') ?? assert.fail();
    const linkDestination = client.runSync('cat', '/sys/class/net/eth0/address').trim();
    const hint = { linkSource: rack0.mac, linkDestination, source: own, destination };
    assert.equal(socket.send(encodeNoRouter(hint)), undefined);
    await until(() => counter('Icmp6InRouterAdvertisements') > before, 'it arrives');
    assert.equal(counter('Icmp6InErrors'), 0);
    // What this host sends itself is not told, and advertisements by others are.
    assert.deepEqual(heard, []);
    const back = { ...hint, linkSource: linkDestination, linkDestination: ALL_NODES_LINK };
    const stranger = inside(client, () => network.routerSocket(nicOf(network, 'eth0'), () => {}));
    assert.equal(stranger.send(encodeNoRouter(back)), undefined);
    await until(() => heard.length > 0, 'the advertisement');
    assert.deepEqual(heard, [`advertisement ${linkDestination}`]);
    stranger.close();
    socket.close();
  });

  test('what is meant for others is not told, though the NIC is promiscuous', async () => {
    server.runSync('ip', 'link', 'set', 'rack0', 'promisc', 'on');
    const socket = open();
    const from = { linkSource: '52:54:00:cc:00:01', source: own, destination: own };
    const stranger = inside(client, () => network.routerSocket(nicOf(network, 'eth0'), () => {}));
    stranger.send(encodeNoRouter({ ...from, linkDestination: '52:54:00:cc:00:02' }));
    stranger.send(encodeNoRouter({ ...from, linkSource: '52:54:00:cc:00:03', linkDestination: rack0.mac }));
    await until(() => heard.length > 0, 'the second');
    assert.deepEqual(heard, ['advertisement 52:54:00:cc:00:03']);
    stranger.close();
    socket.close();
    server.runSync('ip', 'link', 'set', 'rack0', 'promisc', 'off');
  });

  test('a NIC that goes down and comes back is heard again', async () => {
    const socket = open();
    server.runSync('ip', 'link', 'set', 'rack0', 'down');
    assert.equal(socket.send(new Uint8Array(60)), 'ENETDOWN');
    server.runSync('ip', 'link', 'set', 'rack0', 'up');
    const question = replug();
    await until(() => heard.length > 0, 'the question', DEADLINE_MS);
    assert.equal(heard[0], question);
    socket.close();
  });

  test('its link-local address is known once nobody else has it, and only while it has one', async () => {
    server.runSync('sysctl', '-qw', 'net.ipv6.conf.rack0.disable_ipv6=1');
    assert.equal(linkLocal(), undefined);
    server.runSync('sysctl', '-qw', 'net.ipv6.conf.rack0.disable_ipv6=0');
    const tentative = 'fe80::7e57';
    server.runSync('ip', 'address', 'flush', 'dev', 'rack0', 'scope', 'link');
    // Nobody can say that it is free while the cable is out.
    client.runSync('ip', 'link', 'set', 'eth0', 'down');
    server.runSync('ip', 'address', 'add', `${tentative}/64`, 'dev', 'rack0');
    assert.equal(linkLocal(), undefined);
    client.runSync('ip', 'link', 'set', 'eth0', 'up');
    await until(() => linkLocal() !== undefined, 'it is free', DEADLINE_MS);
    server.runSync('ip', 'address', 'flush', 'dev', 'rack0', 'scope', 'link');
    server.runSync('ip', 'address', 'add', `${tentative}/64`, 'dev', 'rack0', 'nodad');
    assert.equal(formatIpv6(linkLocal() ?? assert.fail()), tentative);
  });

  test('whether this host routes IPv6 there', () => {
    assert.equal(
      inside(server, () => network.forwardsIpv6(rack0)),
      false,
    );
    server.runSync('sysctl', '-qw', 'net.ipv6.conf.rack0.forwarding=1');
    assert.equal(
      inside(server, () => network.forwardsIpv6(rack0)),
      true,
    );
    server.runSync('sysctl', '-qw', 'net.ipv6.conf.rack0.forwarding=0');
    assert.equal(
      inside(server, () => network.forwardsIpv6({ ...rack0, name: 'gone0' })),
      false,
    );
  });

  test('nothing is told after close, and no descriptor stays behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const socket = open();
    socket.close();
    socket.close();
    assert.equal(socket.send(new Uint8Array(60)), 'EBADF');
    await until(() => readdirSync('/proc/self/fd').length === before, 'every descriptor is closed');
  });

  test('without CAP_NET_RAW, and on a NIC that is gone, the error says so', async () => {
    const node = [process.execPath, '--input-type=module', '-e', opener];
    const said = await server.run('setpriv', '--bounding-set=-net_raw', ...node);
    assert.equal(said.trim(), 'NO_PERMISSION: may not open a packet socket on rack0 (EPERM)');
    assert.throws(
      () => open({ ...rack0, index: 9999 }),
      (error) => error instanceof NetError && error.code === 'NO_SUCH_NIC',
    );
  });

  function counter(name: string): number {
    const line = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(
      client.runSync('cat', '/proc/net/dev_snmp6/eth0'),
    );
    return Number(line?.[1] ?? assert.fail(name));
  }

  /** The client's link-local address, once it is its own. */
  function clientAddress(): string | undefined {
    const shown = client.runSync('ip', '-6', 'address', 'show', 'dev', 'eth0', '-tentative');
    return /inet6 (fe80[^/]*)/.exec(shown)?.[1];
  }
});
