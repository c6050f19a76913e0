import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { formatIp } from '../../src/values/ip.ts';
import { BROADCAST, parseIpv4 } from '../../src/values/ipv4.ts';
import { parseIpv6 } from '../../src/values/ipv6.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, station, station6, text } from './inside.ts';

describe('NICs and neighbours', () => {
  const network = createLinuxNetwork();
  let lab: Lab;
  let server: Namespace;
  let other: Namespace;

  before(() => {
    lab = openLab();
    server = lab.namespace('s');
    other = lab.namespace('o');
    lab.veth({ in: server, nic: 'rack0' }, { in: other, nic: 'eth0' });
    lab.veth({ in: server, nic: 'rack1' }, { in: other, nic: 'eth1' });
    lab.veth({ in: server, nic: 'rack2' }, { in: other, nic: 'eth2' });
    server.runSync('ip', 'link', 'set', 'rack2', 'address', '52:54:00:aa:00:02');
    // No address but those that are given, and none that is still being probed.
    for (const nic of ['rack0', 'rack2']) {
      server.runSync('ip', 'link', 'set', nic, 'addrgenmode', 'none');
      server.runSync('ip', '-6', 'address', 'flush', 'dev', nic);
    }
    server.runSync('ip', 'link', 'set', 'rack1', 'down', 'mtu', '9000', 'address', '52:54:00:aa:00:01');
    lab.address(server, 'rack0', '10.77.0.1/24');
    lab.address(server, 'rack0', '10.77.0.9/24');
    server.runSync('ip', 'address', 'add', '172.16.0.1/12', 'dev', 'rack0', 'label', 'rack0:adm');
    for (const address of ['2001:db8:1::1/64', 'fd00::1/64', 'fd00::9/128'])
      server.runSync('ip', 'address', 'add', address, 'dev', 'rack0', 'nodad');
    server.runSync('ip', 'neigh', 'add', 'fd00::7', 'lladdr', '52:54:00:bb:00:07', 'dev', 'rack0');
    // The same link-local address on two links is two machines.
    for (const nic of ['rack0', 'rack2']) {
      const mac = `52:54:00:cc:00:0${nic.at(-1)}`;
      server.runSync('ip', 'neigh', 'add', 'fe80::7', 'lladdr', mac, 'dev', nic);
    }
    server.runSync('ip', 'neigh', 'add', '10.77.0.7', 'lladdr', '52:54:00:aa:00:07', 'dev', 'rack0');
  });
  after(() => lab?.close());

  test('every NIC is listed, also one that is down and has no address', () => {
    const listed = inside(server, () => network.nics()).map(
      ({ index, mac, addresses, addresses6, ...rest }) => ({
        ...rest,
        index: index > 0,
        mac: rest.name === 'rack0' ? /^([0-9a-f]{2}(:|$)){6}$/.test(mac) : mac,
        addresses: [...addresses, ...addresses6].map(
          ({ address, prefix }) => `${formatIp(address)}/${prefix}`,
        ),
      }),
    );
    assert.deepEqual(listed, [
      {
        name: 'lo',
        index: true,
        mac: '00:00:00:00:00:00',
        addresses: ['127.0.0.1/8', '::1/128'],
        up: true,
        loopback: true,
        mtu: 65_536,
      },
      {
        name: 'rack0',
        index: true,
        mac: true,
        addresses: [
          ...['10.77.0.1/24', '172.16.0.1/12', '10.77.0.9/24'],
          ...['2001:db8:1::1/64', 'fd00::1/64', 'fd00::9/128'],
        ],
        up: true,
        loopback: false,
        mtu: 1500,
      },
      {
        name: 'rack1',
        index: true,
        mac: '52:54:00:aa:00:01',
        addresses: [],
        up: false,
        loopback: false,
        mtu: 9000,
      },
      {
        name: 'rack2',
        index: true,
        mac: '52:54:00:aa:00:02',
        addresses: [],
        up: true,
        loopback: false,
        mtu: 1500,
      },
    ]);
  });

  test('an IPv6 address that is still being probed is none yet', () => {
    const listed = () =>
      inside(server, () => network.nics())
        .find(({ name }) => name === 'rack2')
        ?.addresses6.map(({ address }) => formatIp(address));
    server.runSync('ip', 'address', 'add', 'fd02::1/64', 'dev', 'rack2', 'nodad');
    // As long as its link is down, an address stays tentative.
    other.runSync('ip', 'link', 'set', 'eth2', 'down');
    server.runSync('ip', 'address', 'add', 'fd02::2/64', 'dev', 'rack2');
    assert.deepEqual(listed(), ['fd02::1']);
    other.runSync('ip', 'link', 'set', 'eth2', 'up');
  });

  test('a neighbour is what the kernel knows, and nothing for an address it does not know', () => {
    const known = (dotted: string) => inside(server, () => network.neighbour(parseIpv4(dotted) ?? BROADCAST));
    assert.equal(known('10.77.0.7'), '52:54:00:aa:00:07');
    assert.equal(known('10.77.0.8'), undefined);
    assert.equal(known('10.77.0.70'), undefined);
  });

  test('so is one over IPv6, on the NIC that is asked about or on any', () => {
    const known = (text: string, nic?: string) =>
      inside(server, () =>
        network.neighbour6(
          parseIpv6(text) ?? assert.fail(),
          nic === undefined ? undefined : nicOf(network, nic),
        ),
      );
    assert.equal(known('fd00::7', 'rack0'), '52:54:00:bb:00:07');
    assert.equal(known('fd00::7'), '52:54:00:bb:00:07');
    assert.equal(known('fd00::7', 'rack2'), undefined);
    assert.equal(known('fe80::7', 'rack0'), '52:54:00:cc:00:00');
    assert.equal(known('fe80::7', 'rack2'), '52:54:00:cc:00:02');
    assert.equal(known('fd00::8'), undefined);
  });

  test('an IPv6 address that did not answer has an entry, but no link address', async () => {
    const nobody = parseIpv6('fd00::66') ?? assert.fail();
    const { socket } = station6(network, server, 'rack0');
    socket.send([{ to: nobody, port: 9, head: text('anyone there?') }]);
    socket.close();
    assert.match(server.runSync('ip', '-6', 'neigh', 'show', 'fd00::66'), /INCOMPLETE|FAILED/);
    assert.equal(
      inside(server, () => network.neighbour6(nobody, nicOf(network, 'rack0'))),
      undefined,
    );
  });

  test('an address that did not answer ARP has an entry, but no link address', () => {
    const nobody = parseIpv4('10.77.0.66') ?? BROADCAST;
    const { socket } = station(network, server, 'rack0');
    socket.send([{ to: nobody, port: 9, head: text('anyone there?') }]);
    socket.close();
    assert.match(server.runSync('cat', '/proc/net/arp'), /10\.77\.0\.66 +0x1 +0x0 /);
    assert.equal(
      inside(server, () => network.neighbour(nobody)),
      undefined,
    );
  });
});
