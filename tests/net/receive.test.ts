import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network } from '../../src/net/udp.ts';
import { BROADCAST, parseIpv4 } from '../../src/values/ipv4.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { station, text, until } from './inside.ts';

const address = (dotted: string): number => parseIpv4(dotted) ?? assert.fail(dotted);
const SERVER = [address('10.77.0.1'), address('10.77.1.1')] as const;

describe('receiving', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;
  let clients: readonly [Namespace, Namespace];

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    clients = [lab.namespace('c0'), lab.namespace('c1')];
    for (const [index, client] of clients.entries()) {
      lab.veth({ in: server, nic: `rack${index}` }, { in: client, nic: 'eth0' });
      lab.address(server, `rack${index}`, `10.77.${index}.1/24`);
      lab.address(client, 'eth0', `10.77.${index}.2/24`);
    }
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  test('a unicast tells its source, its destination and the address to answer from', async () => {
    const to = station(network, server, 'rack0');
    const from = station(network, clients[0], 'eth0');
    from.socket.send([{ to: SERVER[0], port: to.socket.port, head: text('hello') }]);
    await until(() => to.received.length === 1, 'the datagram arrives');
    assert.deepEqual(
      { ...to.received[0], bytes: undefined },
      {
        text: 'hello',
        bytes: undefined,
        source: address('10.77.0.2'),
        sourcePort: from.socket.port,
        destination: SERVER[0],
        localAddress: SERVER[0],
        truncated: false,
      },
    );
  });

  test('a broadcast keeps its destination, and names the address of the NIC it came in on', async () => {
    const to = station(network, server, 'rack1');
    const from = station(network, clients[1], 'eth0');
    const result = from.socket.send([
      { to: BROADCAST, port: to.socket.port, head: text('anyone?') },
      { to: address('10.77.1.255'), port: to.socket.port, head: text('here?') },
    ]);
    assert.deepEqual(result, { sent: 2, failed: [] });
    await until(() => to.received.length === 2, 'both arrive');
    assert.deepEqual(
      to.received.map(({ text, destination, localAddress }) => [text, destination, localAddress]),
      [
        ['anyone?', BROADCAST, SERVER[1]],
        ['here?', address('10.77.1.255'), SERVER[1]],
      ],
    );
  });

  test('a client without an address is heard, and answered by broadcast', async () => {
    const bare = lab.namespace('bare');
    lab.veth({ in: server, nic: 'rack9' }, { in: bare, nic: 'eth0' });
    lab.address(server, 'rack9', '10.77.9.1/24');
    const to = station(network, server, 'rack9', {
      port: 67,
      onReceive: (batch, on) =>
        on.send(batch.map(({ sourcePort, data }) => ({ to: BROADCAST, port: sourcePort, head: data }))),
    });
    const from = station(network, bare, 'eth0', { port: 68 });
    from.socket.send([{ to: BROADCAST, port: 67, head: text('discover') }]);
    await until(() => from.received.length === 1, 'the answer arrives');
    assert.deepEqual(
      [to.received[0]?.source, to.received[0]?.localAddress, from.received[0]?.source],
      [0, address('10.77.9.1'), address('10.77.9.1')],
    );
  });

  test('sockets of two NICs share a port, and each hears and answers only its own wire', async () => {
    const port = 4011;
    const racks = ['rack0', 'rack1'].map((nic) =>
      station(network, server, nic, {
        port,
        onReceive: (batch, on) =>
          on.send(
            batch.map(({ sourcePort }) => ({
              to: BROADCAST,
              port: sourcePort,
              head: text(`by ${on.nic.name}`),
            })),
          ),
      }),
    );
    const askers = clients.map((client) => station(network, client, 'eth0', { port: 4012 }));
    for (const [index, asker] of askers.entries()) {
      asker.socket.send([
        { to: BROADCAST, port, head: text(`from ${index}`) },
        { to: SERVER[index === 0 ? 0 : 1], port, head: text(`from ${index}`) },
      ]);
    }
    await until(() => askers.every(({ received }) => received.length === 2), 'four answers');
    assert.deepEqual(
      racks.map(({ received }) => received.map(({ text }) => text)),
      [
        ['from 0', 'from 0'],
        ['from 1', 'from 1'],
      ],
    );
    assert.deepEqual(
      askers.map(({ received }) => received.map(({ text }) => text)),
      [
        ['by rack0', 'by rack0'],
        ['by rack1', 'by rack1'],
      ],
    );
    for (const { socket } of [...racks, ...askers]) socket.close();
  });

  test('what waits in the kernel comes in batches of up to 64, in order, with timers in between', async () => {
    let timersRun = 0;
    const ticker = setInterval(() => (timersRun += 1), 1);
    const seen: number[] = [];
    const to = station(network, server, 'rack0', {
      onReceive() {
        seen.push(timersRun);
        for (const end = performance.now() + 2; performance.now() < end; );
      },
    });
    const from = station(network, clients[0], 'eth0');
    const messages = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    const { sent } = from.socket.send(
      messages.map((message) => ({ to: SERVER[0], port: to.socket.port, head: text(message) })),
    );
    assert.equal(sent, 1000);
    await until(() => to.received.length === 1000, 'all arrive');
    clearInterval(ticker);
    assert.deepEqual(
      to.received.map(({ text }) => text),
      messages,
    );
    assert.equal(Math.max(...to.batches), 64);
    assert.ok(to.batches.length <= 20, `${to.batches.length} batches`);
    assert.ok(new Set(seen).size > 8, 'timers ran between batches');
  });

  test('a datagram longer than a slot is marked as truncated, and one that just fits is not', async () => {
    const to = station(network, server, 'rack0', { slotSize: 600 });
    const from = station(network, clients[0], 'eth0');
    const lengths = [600, 601, 0, 5000, 1];
    from.socket.send(
      lengths.map((length) => ({
        to: SERVER[0],
        port: to.socket.port,
        head: new Uint8Array(length).fill(length),
      })),
    );
    await until(() => to.received.length === lengths.length, 'all arrive');
    assert.deepEqual(
      to.received.map(({ bytes, truncated }) => [bytes.length, truncated]),
      [
        [600, false],
        [600, true],
        [0, false],
        [600, true],
        [1, false],
      ],
    );
  });

  test("Node's own dgram, in another process, gets its datagrams back", async () => {
    const echo = station(network, server, 'rack0', {
      onReceive: (batch, on) =>
        on.send(batch.map(({ source, sourcePort, data }) => ({ to: source, port: sourcePort, head: data }))),
    });
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (data, { address, port }) => { console.log(String(data), address, port); socket.close(); });
      socket.send('from afar', ${echo.socket.port}, '10.77.0.1');`;
    const output = await clients[0].run(process.execPath, '-e', program);
    assert.equal(output, `from afar 10.77.0.1 ${echo.socket.port}\n`);
  });

  test('a NIC without an address tells none of another NIC', async () => {
    const client = lab.namespace('dark');
    lab.veth({ in: server, nic: 'rack8' }, { in: client, nic: 'eth0' });
    const to = station(network, server, 'rack8');
    const from = station(network, client, 'eth0');
    from.socket.send([{ to: BROADCAST, port: to.socket.port, head: text('x') }]);
    await until(() => to.received.length === 1, 'it arrives');
    assert.equal(to.received[0]?.localAddress, 0);
    // It gets one while the socket is open.
    lab.address(server, 'rack8', '10.77.8.1/24');
    from.socket.send([{ to: BROADCAST, port: to.socket.port, head: text('y') }]);
    await until(() => to.received.length === 2, 'it arrives');
    assert.equal(to.received[1]?.localAddress, address('10.77.8.1'));
  });
});
