/** A port that is heard and answered from without being taken. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { AF_PACKET, loadLibc, SOCK_RAW } from '../../src/net/libc.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { openOverhearer } from '../../src/net/overhear.ts';
import { linkAddress } from '../../src/net/packet.ts';
import { openRaw } from '../../src/net/raw.ts';
import { NetError, type Network, type Nic, type UdpSocket } from '../../src/net/udp.ts';
import { BROADCAST, formatIpv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { LINK_BROADCAST, udpFrame } from '../conformance/frames.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, type Station, station, text, until } from './inside.ts';

const PORT = 1067;
const SERVER = ip('10.77.0.1');
const SECOND = ip('10.79.0.1');
const CLIENT = ip('10.77.0.9');

function ip(address: string): number {
  return parseIpv4(address) ?? assert.fail(address);
}

interface Heard {
  readonly text: string;
  /** `10.77.0.9:1068 → 10.77.0.1, answered from 10.77.0.1` */
  readonly way: string;
  readonly truncated: boolean;
}

describe('a port beside its holder', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;
  let client: Namespace;
  let eth0: Nic;
  let far: Station;
  let socket: UdpSocket;
  let heard: Heard[] = [];
  let told: string[] = [];
  let changes = 0;

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    client = lab.namespace('c');
    lab.veth({ in: server, nic: 'eth0' }, { in: client, nic: 'eth0' });
    lab.address(server, 'eth0', '10.77.0.1/24');
    lab.address(server, 'eth0', '10.79.0.1/24');
    lab.address(client, 'eth0', '10.77.0.9/24');
    lab.address(client, 'eth0', '10.79.0.9/24');
    eth0 = inside(server, () => nicOf(network, 'eth0'));
    far = station(network, client, 'eth0', { port: 1068 });
    inside(server, () =>
      network.watchNics(() => {
        changes += 1;
      }),
    );
    socket = openBeside();
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });
  beforeEach(() => {
    heard = [];
    far.received.length = 0;
  });

  function openBeside(slotSize = 2048): UdpSocket {
    told = [];
    const onReceive = (batch: Parameters<Parameters<Network['open']>[0]['onReceive']>[0]): void => {
      for (const each of batch) {
        const from = `${formatIpv4(each.source)}:${each.sourcePort}`;
        const way = `${from} → ${formatIpv4(each.destination)}, answered from ${formatIpv4(each.localAddress)}`;
        heard.push({ text: Buffer.from(each.data).toString(), way, truncated: each.truncated });
      }
    };
    const options = { nic: eth0, port: PORT, slotSize, onReceive };
    return inside(server, () => network.openBeside(options, (holders) => told.push(holders)));
  }

  /** A whole frame, as it is. */
  function transmit(frame: Uint8Array): void {
    const libc = loadLibc();
    const { nic } = far.socket;
    const fd = inside(client, () => openRaw(libc, AF_PACKET, SOCK_RAW, 0, 'a packet socket'));
    const to = linkAddress(nic, 0);
    assert.equal(libc.sendto(fd, frame, frame.length, 0, to, to.length), frame.length);
    libc.close(fd);
  }

  const send = (to: number, words: string, from?: number): void =>
    void far.socket.send([{ to, port: PORT, head: text(words), from }]);

  /** What was heard, up to and without a last datagram that certainly is. */
  async function heardSoFar(): Promise<readonly Heard[]> {
    send(SERVER, 'last');
    await until(() => heard.some((each) => each.text === 'last'), 'the last datagram is heard');
    return heard.filter((each) => each.text !== 'last');
  }

  test('broadcasts and what is sent to an address of this host, with the address to answer from', async () => {
    lab.address(server, 'lo', '192.0.2.7/32');
    client.runSync('ip', 'route', 'add', '192.0.2.7/32', 'via', '10.77.0.1');
    await until(() => changes > 0, 'the address is noticed');
    send(BROADCAST, 'all');
    send(ip('10.77.0.255'), 'subnet');
    send(SERVER, 'one');
    send(SECOND, 'second', ip('10.79.0.9'));
    send(ip('10.79.0.255'), 'second subnet', ip('10.79.0.9'));
    send(ip('192.0.2.7'), 'elsewhere');
    assert.deepEqual(
      (await heardSoFar()).map(({ text: words, way }) => `${words}: ${way}`),
      [
        'all: 10.77.0.9:1068 → 255.255.255.255, answered from 10.77.0.1',
        'subnet: 10.77.0.9:1068 → 10.77.0.255, answered from 10.77.0.1',
        'one: 10.77.0.9:1068 → 10.77.0.1, answered from 10.77.0.1',
        'second: 10.79.0.9:1068 → 10.79.0.1, answered from 10.79.0.1',
        'second subnet: 10.79.0.9:1068 → 10.79.0.255, answered from 10.79.0.1',
        'elsewhere: 10.77.0.9:1068 → 192.0.2.7, answered from 192.0.2.7',
      ],
    );
  });

  test('not what this host passes on to another one', async () => {
    client.runSync('ip', 'route', 'add', '10.99.0.0/24', 'via', '10.77.0.1');
    send(ip('10.99.0.1'), 'for another server');
    assert.deepEqual(await heardSoFar(), []);
  });

  test('not what belongs to a VLAN on the same cable; a tag with a priority alone is none', async () => {
    const frame = udpFrame({
      linkSource: '02:00:00:00:00:09',
      linkDestination: LINK_BROADCAST,
      source: '10.77.0.9',
      destination: '255.255.255.255',
      sourcePort: 1068,
      destinationPort: PORT,
      payload: Buffer.from('tagged'),
    });
    const tagged = (tag: string): Buffer =>
      Buffer.concat([frame.subarray(0, 12), Buffer.from(tag, 'hex'), frame.subarray(12)]);
    transmit(tagged('81000005'));
    assert.deepEqual(await heardSoFar(), []);
    heard = [];
    transmit(tagged('81006000'));
    assert.equal((await heardSoFar()).filter((each) => each.text === 'tagged').length, 1);
  });

  test('what this host itself broadcasts, as a probe on it does', async () => {
    const probe = inside(server, () => openOverhearer(eth0, 1068, () => {}));
    assert.equal(probe.broadcast(1068, PORT, text('who is there')), undefined);
    probe.close();
    const own = station(network, server, 'eth0');
    own.socket.send([{ to: BROADCAST, port: PORT, head: text('from a socket') }]);
    assert.deepEqual(
      (await heardSoFar()).map((each) => each.text),
      ['who is there', 'from a socket'],
    );
  });

  test('one that is too long is told by its beginning', async () => {
    const narrow = openBeside(4);
    send(SERVER, 'x'.repeat(200));
    await until(() => heard.length === 2, 'both sockets heard it');
    narrow.close();
    const [cut] = heard.filter((each) => each.truncated);
    // Room is left for the longest headers there can be.
    assert.deepEqual(
      [cut?.text.startsWith('xxxx'), heard.filter(({ truncated }) => truncated).length],
      [true, 1],
    );
  });

  test('a batch of answers leaves from the port, and each by the address in its own subnet', async () => {
    const sent = socket.send([
      { to: CLIENT, port: 1068, head: text('a') },
      { to: ip('10.79.0.9'), port: 1068, head: text('b') },
      { to: BROADCAST, port: 1068, head: text('c') },
      { to: CLIENT, port: 1068, head: text('odd'), from: SECOND },
    ]);
    assert.deepEqual(sent, { sent: 4, failed: [] });
    // The far kernel looks at the checksums.
    await until(() => far.received.length === 4, 'all came');
    assert.deepEqual(
      far.received.map((each) => `${formatIpv4(each.source)}:${each.sourcePort} ${each.text}`),
      ['10.77.0.1:1067 a', '10.79.0.1:1067 b', '10.77.0.1:1067 c', '10.79.0.1:1067 odd'],
    );
  });

  test('a client that cannot answer ARP yet is sent to by its link address', async () => {
    const { mac } = inside(client, () => nicOf(network, 'eth0'));
    client.runSync('sysctl', '-qw', 'net.ipv4.conf.eth0.arp_ignore=8');
    socket.send([{ to: CLIENT, port: 1068, head: text('at once'), neighbour: mac }]);
    await until(() => far.received.length === 1, 'it came');
    client.runSync('sysctl', '-qw', 'net.ipv4.conf.eth0.arp_ignore=0');
    assert.equal(far.received[0]?.destination, CLIENT);
  });

  test('it goes on when its NIC was down', async () => {
    server.runSync('ip', 'link', 'set', 'eth0', 'down');
    assert.equal(socket.send([{ to: BROADCAST, port: 1068, head: text('x') }]).failed.length, 1);
    server.runSync('ip', 'link', 'set', 'eth0', 'up');
    await until(
      () => client.runSync('cat', '/sys/class/net/eth0/operstate').trim() === 'up',
      'the link is up',
    );
    assert.deepEqual(await heardSoFar(), []);
    assert.equal(socket.send([{ to: BROADCAST, port: 1068, head: text('again') }]).sent, 1);
    await until(() => far.received.some((each) => each.text === 'again'), 'it came');
  });

  test('what cannot be sent is told, one by one', () => {
    const { sent, failed } = socket.send([
      { to: BROADCAST, port: 1068, head: new Uint8Array(3000) },
      { to: CLIENT, port: 1068, head: text('fine') },
    ]);
    assert.deepEqual([sent, failed.map(({ index, code }) => `${index} ${code}`)], [1, ['0 EMSGSIZE']]);
  });

  test('whoever has the port keeps it, and is named', async () => {
    const holder = station(network, server, 'eth0', { port: PORT });
    const another = openBeside();
    assert.deepEqual(told, [`${readFileSync('/proc/self/comm', 'utf8').trim()} (pid ${process.pid})`]);
    another.close();
    send(SERVER, 'for both');
    await until(() => holder.received.length === 1 && heard.length === 1, 'both hear it');
    holder.socket.close();
    const alone = openBeside();
    assert.deepEqual(told, []);
    alone.close();
  });

  test('nothing is heard or sent after close, and no descriptor stays behind', async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const gone = openBeside();
    gone.close();
    gone.close();
    const { failed } = gone.send([{ to: CLIENT, port: 1068, head: text('x') }]);
    assert.deepEqual(failed, [{ index: 0, code: 'EBADF' }]);
    assert.throws(
      () =>
        inside(server, () =>
          network.openBeside(
            { nic: { ...eth0, name: 'gone0' }, port: PORT, slotSize: 9, onReceive() {} },
            () => {},
          ),
        ),
      (error) => error instanceof NetError && error.code === 'NO_SUCH_NIC',
    );
    assert.throws(
      () =>
        inside(server, () =>
          network.openBeside(
            { nic: { ...eth0, index: 9999 }, port: PORT, slotSize: 9, onReceive() {} },
            () => {},
          ),
        ),
      (error) => error instanceof NetError && error.code === 'NO_SUCH_NIC',
    );
    await until(() => descriptors() === before, 'every descriptor is closed');
  });
});
