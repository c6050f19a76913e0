/** One port behind several sockets, as the kernel shares it out. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { parkNetwork } from '../../src/net/parked.ts';
import { socketFor } from '../../src/net/steering.ts';
import type { Datagram, SharedPort } from '../../src/net/udp.ts';
import { formatIpv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { nicOf } from './inside.ts';

const SERVER = parseIpv4('127.0.0.1') ?? 0;

/** Sends one datagram each from several addresses and many ports; tells from where. */
async function sendFromEverywhere(
  port: number,
): Promise<readonly (readonly [address: number, port: number])[]> {
  const senders = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const socket = createSocket('udp4').bind(0, `127.0.0.${1 + (index % 7)}`);
      await once(socket, 'listening');
      await new Promise<void>((resolve, reject) =>
        socket.send('x', port, formatIpv4(SERVER), (error) => (error === null ? resolve() : reject(error))),
      );
      const own = socket.address();
      socket.close();
      return [parseIpv4(own.address) ?? 0, own.port] as const;
    }),
  );
  return senders;
}

/** All that has arrived, by the number of the socket that it came to. */
function drain(shared: SharedPort, bell: number): readonly (readonly Datagram[])[] {
  const parked = parkNetwork(bell);
  const got = shared.descriptors.map((): Datagram[] => []);
  for (const [index, fd] of shared.descriptors.entries())
    parked.adopt(fd, 'lo', 64, (batch) => void got[index]?.push(...batch));
  // A batch a socket is more than was sent.
  assert.equal(parked.wait(1000), false);
  return got;
}

for (const sockets of [1, 2, 3, 8]) {
  test(`of ${sockets} sockets each gets the senders that socketFor() names`, async () => {
    const network = createLinuxNetwork();
    const bell = network.bell();
    const shared = network.openShared(nicOf(network, 'lo'), 0, sockets);
    try {
      const senders = await sendFromEverywhere(shared.port);
      const got = drain(shared, bell.fd);
      for (const [index, batch] of got.entries()) {
        const expected = senders.filter(([address, port]) => socketFor(address, port, sockets) === index);
        const found = batch.map(({ source, sourcePort }) => [source, sourcePort]);
        assert.deepEqual(found.toSorted(), expected.toSorted(), `socket ${index}`);
      }
    } finally {
      bell.close();
      await network.close();
    }
  });
}

test('a shared port is refused where anybody has it, and to anybody once it is shared', async () => {
  const network = createLinuxNetwork();
  const lo = nicOf(network, 'lo');
  try {
    const taken = network.open({ nic: lo, port: 0, slotSize: 64, onReceive() {} });
    assert.throws(() => network.openShared(lo, taken.port, 3), { code: 'PORT_TAKEN' });
    const shared = network.openShared(lo, 0, 3);
    assert.throws(() => network.openShared(lo, shared.port, 3), { code: 'PORT_TAKEN' });
    const nobody = { nic: lo, port: shared.port, slotSize: 64, onReceive() {} };
    assert.throws(() => network.open(nobody), { code: 'PORT_TAKEN' });
    shared.close();
    network.open(nobody);
  } finally {
    await network.close();
  }
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
