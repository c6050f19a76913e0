/** One port behind several sockets, as the kernel shares it out. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { parkNetwork } from '../../src/net/parked.ts';
import { socketFor } from '../../src/net/steering.ts';
import type {
  Datagram,
  IpVersion,
  Ipv6Network,
  Network,
  SharedPort,
  ThreadNetwork,
  UdpSocket,
} from '../../src/net/udp.ts';
import { type IpAddress, parseIp } from '../../src/values/ip.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, text } from './inside.ts';

/** On the loopback NIC. */
const SERVER = { 4: '127.0.0.1', 6: '::1' };
const ADDRESSES = {
  4: ['127.0.0.1', '127.0.0.2', '127.200.3.4', '127.255.0.1'],
  6: ['::1', 'fd00::2', 'fd00:7::5054:ff:feaa:1', '2001:db8::ffff:ffff'],
};
const ip = (text: string): IpAddress => parseIp(text) ?? assert.fail(text);

/** Sends one datagram each from several addresses and many ports; tells from where. */
function sendFromEverywhere(
  network: Network & Ipv6Network,
  version: IpVersion,
  port: number,
): readonly (readonly [address: IpAddress, port: number])[] {
  return Array.from({ length: 15 }).flatMap(() => {
    const options = { nic: nicOf(network, 'lo'), port: 0, slotSize: 64, onReceive() {} };
    const socket: UdpSocket<IpAddress> = version === 6 ? network.open6(options) : network.open(options);
    const senders = ADDRESSES[version].map(ip);
    const batch = senders.map((from) => ({ to: ip(SERVER[version]), port, head: text('x'), from }));
    assert.deepEqual(socket.send(batch), { sent: batch.length, failed: [] });
    socket.close();
    return senders.map((from) => [from, socket.port] as const);
  });
}

/** All that has arrived, by the number of the socket that it came to. */
function drain(
  version: IpVersion,
  shared: SharedPort,
  bell: number,
): readonly (readonly Datagram<IpAddress>[])[] {
  const parked = parkNetwork(bell);
  const got = shared.descriptors.map((): Datagram<IpAddress>[] => []);
  for (const [index, fd] of shared.descriptors.entries())
    parked.adopt(fd, version, 'lo', 64, (batch) => void got[index]?.push(...batch));
  // A batch a socket is more than was sent.
  assert.equal(parked.wait(1000), false);
  return got;
}

describe('one port behind several sockets', () => {
  let lab: Lab;
  let network: Network & Ipv6Network & ThreadNetwork;
  let home: Namespace;

  before(() => {
    lab = openLab();
    home = lab.namespace('s');
    for (const address of ADDRESSES[6].slice(1))
      home.runSync('ip', 'address', 'add', address, 'dev', 'lo', 'nodad');
  });
  beforeEach(() => {
    network = createLinuxNetwork();
  });
  afterEach(() => network.close());
  after(() => lab?.close());

  for (const version of [4, 6] as const) {
    for (const sockets of [1, 2, 3, 8]) {
      test(`over IPv${version}: of ${sockets} sockets each gets the senders that socketFor() names`, () => {
        const bell = network.bell();
        inside(home, () => {
          const shared = network.openShared(version, nicOf(network, 'lo'), 0, sockets);
          const senders = sendFromEverywhere(network, version, shared.port);
          const got = drain(version, shared, bell.fd);
          for (const [index, batch] of got.entries()) {
            const expected = senders.filter(([address, port]) => socketFor(address, port, sockets) === index);
            const found = batch.map(({ source, sourcePort }) => [source, sourcePort]);
            assert.deepEqual(found.toSorted(), expected.toSorted(), `socket ${index}`);
          }
        });
        bell.close();
      });
    }

    test(`over IPv${version}: a shared port is refused where anybody has it, and to anybody once it is shared`, () =>
      inside(home, () => {
        const lo = nicOf(network, 'lo');
        const open = (port: number) => {
          const options = { nic: lo, port, slotSize: 64, onReceive() {} };
          return version === 6 ? network.open6(options) : network.open(options);
        };
        const taken = open(0);
        assert.throws(() => network.openShared(version, lo, taken.port, 3), { code: 'PORT_TAKEN' });
        const shared = network.openShared(version, lo, 0, 3);
        assert.throws(() => network.openShared(version, lo, shared.port, 3), { code: 'PORT_TAKEN' });
        assert.throws(() => open(shared.port), { code: 'PORT_TAKEN' });
        shared.close();
        open(shared.port);
      }));
  }

  test('IPv4 and IPv6 have a port each, of the same number', () =>
    inside(home, () => {
      const lo = nicOf(network, 'lo');
      const { port } = network.openShared(4, lo, 0, 3);
      assert.equal(network.openShared(6, lo, port, 3).port, port);
    }));
});

test('a bell ends a wait, once however often it rang', async () => {
  const network = createLinuxNetwork();
  const bell = network.bell();
  const parked = parkNetwork(bell.fd);
  bell.ring();
  bell.ring();
  assert.equal(parked.wait(Number.POSITIVE_INFINITY), true);
  assert.equal(parked.wait(0), false);
  bell.close();
  await network.close();
});
