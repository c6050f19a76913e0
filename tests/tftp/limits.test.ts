/** How many the service takes, and that it takes many. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeTftp, encodeAck, encodeRequest } from '../../src/tftp/packets.ts';
import { attend, data, nextPacket } from './attend.ts';
import { openStation, until } from './station.ts';

const at = attend();

test('one address has its share, however many ports it asks from; another address is served', async () => {
  const crowded = await openStation({ maxTransfers: 9 });
  try {
    writeFileSync(join(crowded.root, 'hello'), 'hello');
    const greedy = await Promise.all(Array.from({ length: 8 }, () => at.openClient()));
    const other = await at.openClient('127.0.0.9');
    for (const each of greedy) {
      each.read(crowded.port, 'hello');
      await each.next();
    }
    at.client.read(crowded.port, 'hello');
    const notice = await until('the notice', () => crowded.records.find(({ kind }) => kind === 'notice'));
    assert.match(
      notice.kind === 'notice' ? notice.message : '',
      /^8 TFTP transfers of 127\.0\.0\.1 are under way/,
    );
    other.read(crowded.port, 'hello');
    assert.deepEqual(await nextPacket(other), data(1, 'hello'));
    assert.equal(at.client.pending.length, 0);
    greedy[0]?.send(crowded.transferPort, encodeAck(1));
    await until('a free place', () => crowded.active() === 8 || undefined);
    at.client.read(crowded.port, 'hello');
    assert.deepEqual(await nextPacket(at.client), data(1, 'hello'));
  } finally {
    await crowded.close();
  }
});

test('beyond the limit of transfers requests meet silence until one ends', async () => {
  const small = await openStation({ maxTransfers: 2 });
  try {
    writeFileSync(join(small.root, 'two'), 'a'.repeat(600));
    const second = await at.openClient();
    const third = await at.openClient();
    for (const each of [at.client, second]) {
      each.read(small.port, 'two');
      assert.deepEqual(await nextPacket(each), data(1, 'a'.repeat(512)));
      each.send(small.transferPort, encodeAck(1));
      assert.deepEqual(await nextPacket(each), data(2, 'a'.repeat(88)));
    }
    const starts = () => small.events().filter((event) => event === 'start two').length;
    await until('both starts', () => starts() === 2 || undefined);
    third.read(small.port, 'two');
    await until('the notice', () => small.records.find((record) => record.kind === 'notice'));
    assert.equal(third.pending.length, 0);
    assert.equal(small.active(), 2);
    at.client.send(small.transferPort, encodeAck(2));
    await until('a free place', () => small.active() === 1 || undefined);
    third.read(small.port, 'two');
    assert.deepEqual(await nextPacket(third), data(1, 'a'.repeat(512)));
  } finally {
    await small.close();
  }
});

test('who never answers what it asked for makes room for others after a second', async () => {
  const small = await openStation({ maxTransfers: 1 });
  try {
    writeFileSync(join(small.root, 'hello'), 'hello');
    at.client.read(small.port, 'hello');
    await nextPacket(at.client);
    const other = await at.openClient();
    // Long before the silent one is given up by itself.
    const deadline = performance.now() + 8000;
    await until('an answer', () => {
      if (other.pending.length === 0) other.read(small.port, 'hello');
      return other.pending.length > 0 || performance.now() > deadline || undefined;
    });
    assert.deepEqual(await nextPacket(other), data(1, 'hello'));
    assert.equal(small.active(), 1);
  } finally {
    await small.close();
  }
});

test('a thousand clients at once all get their file', async () => {
  const content = randomBytes(5000);
  writeFileSync(join(at.station.root, 'popular'), content);
  const request = encodeRequest({
    kind: 'rrq',
    file: 'popular',
    mode: 'octet',
    options: [{ name: 'blksize', value: '1000' }],
  });
  await Promise.all(Array.from({ length: 1000 }, () => fetchWhole(request, content)));
});

/** A client in a few lines: acknowledges what it gets, and asks again after a second of silence. */
async function fetchWhole(request: Uint8Array, expected: Buffer): Promise<void> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  const parts: Buffer[] = [];
  const ask = () => socket.send(request, at.station.port, '127.0.0.1');
  const again = setInterval(() => (parts.length === 0 ? ask() : undefined), 1000);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('message', (message, from) => {
        const packet = decodeTftp(message);
        if (packet.kind === 'error') return reject(new Error(packet.message));
        if (packet.kind === 'data' && packet.block === parts.length + 1) parts.push(Buffer.from(packet.data));
        socket.send(encodeAck(packet.kind === 'data' ? packet.block : 0), from.port, from.address);
        if (packet.kind === 'data' && packet.data.length < 1000) resolve();
      });
      ask();
    });
  } finally {
    clearInterval(again);
    socket.close();
  }
  assert.ok(Buffer.concat(parts).equals(expected));
}
