import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { BROADCAST, formatIpv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, station, text } from './inside.ts';

describe('NICs and neighbours', () => {
  const network = createLinuxNetwork();
  let lab: Lab;
  let server: Namespace;

  before(() => {
    lab = openLab();
    server = lab.namespace('s');
    const other = lab.namespace('o');
    lab.veth({ in: server, nic: 'rack0' }, { in: other, nic: 'eth0' });
    lab.veth({ in: server, nic: 'rack1' }, { in: other, nic: 'eth1' });
    server.runSync('ip', 'link', 'set', 'rack1', 'down', 'mtu', '9000', 'address', '52:54:00:aa:00:01');
    lab.address(server, 'rack0', '10.77.0.1/24');
    lab.address(server, 'rack0', '10.77.0.9/24');
    server.runSync('ip', 'address', 'add', '172.16.0.1/12', 'dev', 'rack0', 'label', 'rack0:adm');
    server.runSync('ip', 'neigh', 'add', '10.77.0.7', 'lladdr', '52:54:00:aa:00:07', 'dev', 'rack0');
  });
  after(() => lab?.close());

  test('every NIC is listed, also one that is down and has no address', () => {
    const listed = inside(server, () => network.nics()).map(({ index, mac, addresses, ...rest }) => ({
      ...rest,
      index: index > 0,
      mac: rest.name === 'rack0' ? /^([0-9a-f]{2}(:|$)){6}$/.test(mac) : mac,
      addresses: addresses.map(({ address, prefix }) => `${formatIpv4(address)}/${prefix}`),
    }));
    assert.deepEqual(listed, [
      {
        name: 'lo',
        index: true,
        mac: '00:00:00:00:00:00',
        addresses: ['127.0.0.1/8'],
        up: true,
        loopback: true,
        mtu: 65_536,
      },
      {
        name: 'rack0',
        index: true,
        mac: true,
        addresses: ['10.77.0.1/24', '172.16.0.1/12', '10.77.0.9/24'],
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
    ]);
  });

  test('a neighbour is what the kernel knows, and nothing for an address it does not know', () => {
    const known = (dotted: string) => inside(server, () => network.neighbour(parseIpv4(dotted) ?? BROADCAST));
    assert.equal(known('10.77.0.7'), '52:54:00:aa:00:07');
    assert.equal(known('10.77.0.8'), undefined);
    assert.equal(known('10.77.0.70'), undefined);
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
