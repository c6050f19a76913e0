/** Server-sent events over a real socket. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { JournalRecord } from '../../src/journal/record.ts';
import { createRig, NODE1, type Rig, until } from './rig.ts';

const notice = (message: string, mac?: string): JournalRecord => ({
  kind: 'notice',
  at: 0,
  level: 'info',
  message,
  mac,
});

interface Client {
  readonly socket: Socket;
  /** All that came, headers and chunk sizes included. */
  text(): string;
}

async function follow(t: TestContext, rig: Rig, port: number, query = ''): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => {});
  socket.write(`GET /v1/events${query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
  await until('the stream begins', () => received.includes('retry:'));
  assert.match(received, /content-type: text\/event-stream/);
  assert.ok(rig.armedTimers().includes('http event heartbeat'));
  return { socket, text: () => received };
}

const messages = (text: string) => Array.from(text.matchAll(/"message":"(\w+)"/g), ([, message]) => message);

test('events are followed live, with as much of the past as is asked for', async (t) => {
  const rig = await createRig();
  t.after(rig.close);
  const { port } = await rig.server.listen();
  for (const message of ['one', 'two', 'three']) rig.journal.write(notice(message, NODE1));
  const live = await follow(t, rig, port);
  const withPast = await follow(t, rig, port, '?limit=2');
  const ofOne = await follow(t, rig, port, `?mac=${NODE1}`);
  rig.journal.write(notice('four'));
  rig.journal.write(notice('five', NODE1));
  for (const client of [live, withPast, ofOne]) await until('it comes', () => client.text().includes('five'));
  assert.deepEqual(messages(live.text()), ['four', 'five']);
  assert.deepEqual(messages(withPast.text()), ['two', 'three', 'four', 'five']);
  assert.deepEqual(messages(ofOne.text()), ['five']);
  assert.match(live.text(), /event: notice\ndata: \{"kind":"notice","at":"1970-01-01T00:00:00.000Z"/);
});

test('a follower that goes away is forgotten, and the last one takes the heartbeat along', async (t) => {
  const rig = await createRig();
  t.after(rig.close);
  const { port } = await rig.server.listen();
  const client = await follow(t, rig, port);
  client.socket.destroy();
  await until('the heartbeat ends', () => rig.armedTimers().length === 0);
});

test('a follower that does not read loses events and is told how many', async (t) => {
  const rig = await createRig();
  t.after(rig.close);
  const { port } = await rig.server.listen();
  const client = await follow(t, rig, port);
  client.socket.pause();
  const filler = 'x'.repeat(400);
  // More than the kernel's buffers, which take some megabytes on loopback, and the waiting records hold.
  for (let round = 0; round < 60; round += 1) {
    for (let index = 0; index < 500; index += 1) rig.journal.write(notice(filler));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.resume();
  await until('the gap is told', () => client.text().includes('event: dropped'));
  assert.match(client.text(), /data: \{"count":\d+\}/);
  rig.journal.write(notice('afterwards'));
  await until('later events come', () => client.text().includes('afterwards'));
});

test('closing is prompt with streams, idle connections and downloads open', async (t) => {
  const rig = await createRig();
  t.after(rig.close);
  const { port } = await rig.server.listen();
  const client = await follow(t, rig, port);
  const idle = connect(port, '127.0.0.1');
  idle.on('error', () => {});
  await new Promise((resolve) => idle.once('connect', resolve));
  const ended = Promise.all(
    [client.socket, idle].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
  await writeFile(join(rig.root, 'large'), Buffer.alloc(32 * 1024 * 1024));
  const download = connect(port, '127.0.0.1');
  t.after(() => download.destroy());
  download.write('GET /boot/large HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => download.once('readable', resolve));
  const begun = performance.now();
  await rig.server.close();
  await ended;
  assert.ok(performance.now() - begun < 2000);
  assert.deepEqual(rig.armedTimers(), []);
  await until('the cut download is told', () => rig.transfers().at(-1)?.event === 'aborted');
});
