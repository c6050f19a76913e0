/** Who is taken when places run short, and in what order a batch is answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox } from '../../src/lanes/outbox.ts';
import type { Outgoing, UdpSocket } from '../../src/net/udp.ts';
import { createPlaces } from '../../src/serve/tftp-places.ts';
import type { IpAddress } from '../../src/values/ip.ts';

const shares: readonly (readonly [places: number, share: number])[] = [
  [1, 1],
  [7, 7],
  [8, 8],
  [32, 8],
  [40, 10],
  [4096, 1024],
];
for (const [places, share] of shares) {
  test(`of ${places} places one client gets ${share}`, () => {
    const rack = createPlaces(places);
    assert.equal(rack.share, share);
    for (let i = 0; i < share; i++) assert.equal(rack.take(1), 'taken');
    assert.equal(rack.take(1), share === places ? 'full' : 'share');
    assert.equal(rack.taken(), share);
    if (share === places) return;
    for (let i = share; i < places; i++) assert.equal(rack.take(2 + i), 'taken');
    assert.equal(rack.take(1_000_000), 'full');
    rack.free(1);
    assert.equal(rack.taken(), places - 1);
    assert.equal(rack.take(1), 'taken');
  });
}

test('a place that nobody took is not given back', () => {
  const rack = createPlaces(2);
  rack.free(1);
  assert.equal(rack.taken(), 0);
  assert.equal(rack.take(1), 'taken');
  rack.free(1);
  rack.free(1);
  assert.equal(rack.taken(), 0);
});

/** An outbox over a socket that keeps what it is given: `7:1` is block 1 for client 7, `7:oack` its options. */
function keepingOutbox() {
  const sent: string[][] = [];
  const socket: UdpSocket<IpAddress> = {
    nic: {
      name: 'eth1',
      index: 2,
      addresses6: [],
      mtu: 1500,
      up: true,
      loopback: false,
      addresses: [],
      mac: '52:54:00:00:00:01',
    },
    port: 0,
    send(batch: readonly Outgoing<IpAddress>[]) {
      sent.push(
        batch.map(
          ({ to, head }) => `${to}:${head.length === 4 ? (head[2] ?? 0) * 256 + (head[3] ?? 0) : 'oack'}`,
        ),
      );
      return { sent: batch.length, failed: [] };
    },
    close() {},
  };
  return { sent, outbox: createOutbox(socket.send, assert.fail) };
}

const peer = (client: number) => ({ client, port: 2000, local: 1 });
const body = { memory: { size: 8, address: 1 }, offset: 0, length: 8 };

test('a batch answers lock-step clients before windows, each transfer in order', () => {
  const { sent, outbox } = keepingOutbox();
  for (let block = 1; block <= 4; block++) outbox.data(peer(1), block, body, false);
  outbox.data(peer(2), 9, body, true);
  for (let block = 5; block <= 6; block++) outbox.data(peer(3), block, body, false);
  outbox.packet(peer(4), new Uint8Array(9));
  outbox.data(peer(5), 300, body, true);
  outbox.flush();
  assert.deepEqual(sent, [['2:9', '4:oack', '5:300', '1:1', '1:2', '1:3', '1:4', '3:5', '3:6']]);
});

test('nothing is sent twice, and nothing is sent of nothing', () => {
  const { sent, outbox } = keepingOutbox();
  outbox.flush();
  outbox.data(peer(1), 1, body, false);
  outbox.flush();
  outbox.data(peer(2), 2, body, true);
  outbox.flush();
  outbox.flush();
  assert.deepEqual(sent, [['1:1'], ['2:2']]);
});
