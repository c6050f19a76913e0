/** The service over the loopback NIC, packet by packet. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { decodeTftp, encodeAck, encodeData, encodeError, encodeRequest } from '../../src/tftp/packets.ts';
import { openPacketClient, openStation, type PacketClient, type Station, until } from './station.ts';

let station: Station;
let single: Station;
let client: PacketClient;

before(async () => {
  const virtual = (path: string) => {
    if (path === 'script.ipxe') return { name: path, text: '#!ipxe\nexit\n' };
    if (path === 'bad') return { failure: 'broken', detail: 'no variable "x"' } as const;
    return undefined;
  };
  station = await openStation({ virtual });
  single = await openStation({ singlePort: true });
  for (const { root } of [station, single]) {
    writeFileSync(join(root, 'hello'), 'hello');
    writeFileSync(join(root, 'long'), 'abcdefgh'.repeat(1000));
  }
});
after(async () => {
  await station.close();
  await single.close();
});

let opened: PacketClient[] = [];
beforeEach(async (context) => {
  client = await openPacketClient();
  opened = [client];
  if ('after' in context) context.after(() => opened.forEach((each) => void each.close()));
});

const data = (block: number, text: string) => ({ kind: 'data', block, data: Buffer.from(text) }) as const;

/** The next packet, its bytes as a Buffer so that it compares. */
async function nextPacket(from: PacketClient = client) {
  const { packet } = await from.next();
  return packet.kind === 'data' ? { ...packet, data: Buffer.from(packet.data) } : packet;
}

/** Events of one file's transfers. */
const eventsOf = (file: string, where: Station = station) =>
  where.events().filter((event) => event.endsWith(` ${file}`));

test('without options the first block is the answer, from the transfer port', async () => {
  client.read(station.port, 'hello');
  const { packet, port } = await client.next();
  assert.equal(packet.kind, 'data');
  assert.equal(port, station.transferPort);
  assert.notEqual(port, station.port);
  client.send(port, encodeAck(1));
  await until('the end', () => eventsOf('hello').includes('done hello') || undefined);
  const record = await station.recorded('done');
  assert.deepEqual(
    { ...record, at: 0, milliseconds: 0 },
    {
      kind: 'transfer',
      at: 0,
      mac: '52:54:00:00:00:01',
      nic: 'lo',
      protocol: 'tftp',
      event: 'done',
      client: '127.0.0.1',
      file: 'hello',
      size: 5,
      bytes: 5,
      milliseconds: 0,
      retransmissions: 0,
      detail: undefined,
    },
  );
});

test('options: the answer states what is granted; ACK 0 begins', async () => {
  client.read(station.port, '/long', { tsize: '0', blksize: '16', nonsense: '1', windowsize: '2' });
  assert.deepEqual(await nextPacket(), {
    kind: 'oack',
    options: [
      { name: 'tsize', value: '8000' },
      { name: 'blksize', value: '16' },
      { name: 'windowsize', value: '2' },
    ],
  });
  client.send(station.transferPort, encodeAck(0));
  assert.deepEqual(await nextPacket(), data(1, 'abcdefghabcdefgh'));
  assert.deepEqual(await nextPacket(), data(2, 'abcdefghabcdefgh'));
  client.send(station.transferPort, encodeError(0, 'enough'));
  const { detail } = await station.recorded('aborted');
  assert.equal(detail, 'error 0: enough');
});

test('a probe for the size is no failure', async () => {
  client.read(station.port, 'hello', { tsize: '0', blksize: '1468' });
  assert.equal((await nextPacket()).kind, 'oack');
  client.send(station.transferPort, encodeError(8, 'User aborted the transfer'));
  const { file } = await station.recorded('probe');
  assert.equal(file, 'hello');
});

test('what a client says after its end is passed over, and it is forgotten soon', async () => {
  const own = await openStation();
  try {
    writeFileSync(join(own.root, 'hello'), 'hello');
    client.read(own.port, 'hello', { tsize: '0', blksize: '1468' });
    assert.equal((await nextPacket()).kind, 'oack');
    for (const code of [8, 0, 8]) client.send(own.transferPort, encodeError(code, ''));
    client.send(own.transferPort, encodeAck(0));
    const other = await openPacketClient();
    opened.push(other);
    other.read(own.port, 'hello');
    await other.next();
    other.send(own.transferPort, encodeAck(1));
    other.send(own.transferPort, encodeAck(1));
    await until('that all is forgotten', () => own.idle() || undefined);
    assert.deepEqual(own.events(), ['probe hello', 'start hello', 'done hello']);
    assert.equal(client.pending.length + other.pending.length, 0);
  } finally {
    await own.close();
  }
});

test('an empty file: asked for its size alone, its one empty block is the answer; with more, the OACK leaves it out', async () => {
  writeFileSync(join(station.root, 'nothing'), '');
  client.read(station.port, 'nothing', { tsize: '0' });
  assert.deepEqual(await nextPacket(), data(1, ''));
  client.send(station.transferPort, encodeAck(1));
  client.read(station.port, 'nothing', { tsize: '0', blksize: '1024' });
  assert.deepEqual(await nextPacket(), { kind: 'oack', options: [{ name: 'blksize', value: '1024' }] });
  client.send(station.transferPort, encodeAck(0));
  assert.deepEqual(await nextPacket(), data(1, ''));
  client.send(station.transferPort, encodeAck(1));
  await until(
    'the end',
    () => eventsOf('nothing').filter((each) => each === 'done nothing').length === 2 || undefined,
  );
});

test('blocks and windows are no larger than configured', async () => {
  const narrow = await openStation({ maxBlockSize: 1000, maxWindow: 3 });
  try {
    writeFileSync(join(narrow.root, 'long'), 'abcdefgh'.repeat(1000));
    client.read(narrow.port, 'long', { blksize: '1468', windowsize: '16' });
    assert.deepEqual(await nextPacket(), {
      kind: 'oack',
      options: [
        { name: 'blksize', value: '1000' },
        { name: 'windowsize', value: '3' },
      ],
    });
    client.send(narrow.transferPort, encodeAck(0));
    for (const block of [1, 2, 3]) assert.deepEqual(await nextPacket(), data(block, 'abcdefgh'.repeat(125)));
    client.send(narrow.transferPort, encodeAck(1));
    for (const block of [2, 3, 4]) assert.deepEqual(await nextPacket(), data(block, 'abcdefgh'.repeat(125)));
    client.send(narrow.transferPort, encodeError(0, ''));
  } finally {
    await narrow.close();
  }
});

test('one address has its share, however many ports it asks from; another address is served', async () => {
  const crowded = await openStation({ maxTransfers: 9 });
  try {
    writeFileSync(join(crowded.root, 'hello'), 'hello');
    const greedy = await Promise.all(Array.from({ length: 8 }, () => openPacketClient()));
    const other = await openPacketClient('127.0.0.9');
    opened.push(...greedy, other);
    for (const each of greedy) {
      each.read(crowded.port, 'hello');
      await each.next();
    }
    client.read(crowded.port, 'hello');
    const notice = await until('the notice', () => crowded.records.find(({ kind }) => kind === 'notice'));
    assert.match(
      notice.kind === 'notice' ? notice.message : '',
      /^8 TFTP transfers of 127\.0\.0\.1 are under way/,
    );
    other.read(crowded.port, 'hello');
    assert.deepEqual(await nextPacket(other), data(1, 'hello'));
    assert.equal(client.pending.length, 0);
    greedy[0]?.send(crowded.transferPort, encodeAck(1));
    await until('a free place', () => crowded.active() === 8 || undefined);
    client.read(crowded.port, 'hello');
    assert.deepEqual(await nextPacket(), data(1, 'hello'));
  } finally {
    await crowded.close();
  }
});

test('single port: the transfer is on the port of the request', async () => {
  assert.equal(single.port, single.transferPort);
  client.read(single.port, 'hello', { tsize: '0' });
  const { port } = await client.next();
  assert.equal(port, single.port);
  client.send(single.port, encodeAck(0));
  assert.deepEqual(await nextPacket(), data(1, 'hello'));
  client.send(single.port, encodeAck(1));
  await single.recorded('done');
});

test('the answer comes from the address that was asked', async () => {
  client.read(station.port, 'hello', {}, '127.0.0.7');
  const { address } = await client.next();
  assert.equal(address, '127.0.0.7');
});

test('rendered files are served like others, and a template that fails is told apart', async () => {
  client.read(station.port, 'script.ipxe');
  assert.deepEqual(await nextPacket(), data(1, '#!ipxe\nexit\n'));
  client.read(station.port, 'bad');
  assert.deepEqual(await nextPacket(), { kind: 'error', code: 0, message: 'the file cannot be read' });
  const { detail } = await station.recorded('failed');
  assert.equal(detail, 'no variable "x"');
});

const refusals: readonly (readonly [name: string, bytes: Uint8Array, code: number, event: string])[] = [
  [
    'a missing file',
    encodeRequest({ kind: 'rrq', file: 'gone', mode: 'octet', options: [] }),
    1,
    'not-found gone',
  ],
  [
    'a path with ..',
    encodeRequest({ kind: 'rrq', file: '../x', mode: 'octet', options: [] }),
    2,
    'refused ../x',
  ],
  [
    'a control character',
    encodeRequest({ kind: 'rrq', file: 'a\nb', mode: 'octet', options: [] }),
    2,
    'refused a?b',
  ],
  ['a write', encodeRequest({ kind: 'wrq', file: 'new', mode: 'octet', options: [] }), 2, 'refused new'],
  ['mail', encodeRequest({ kind: 'rrq', file: 'root', mode: 'mail', options: [] }), 4, 'refused root'],
];
for (const [name, bytes, code, event] of refusals) {
  test(`refused: ${name}`, async () => {
    client.send(station.port, bytes);
    const packet = await nextPacket();
    assert.equal(packet.kind === 'error' && packet.code, code);
    assert.ok(station.events().includes(event));
  });
}

const ignored: readonly (readonly [name: string, bytes: Uint8Array, code: string])[] = [
  ['three bytes', Buffer.from([0, 1, 0]), 'TOO_SHORT'],
  ['an unknown opcode', Buffer.from([0, 9, 0, 0]), 'UNKNOWN_OPCODE'],
  ['more than a request may be', Buffer.alloc(2000, 1), 'TOO_LONG'],
  ['an ACK on the request port', encodeAck(1), 'MISPLACED'],
  ['DATA on the request port', encodeData(1, Buffer.from('x')), 'MISPLACED'],
];
for (const [name, bytes, code] of ignored) {
  test(`recorded and otherwise ignored: ${name}`, async () => {
    client.send(station.port, bytes);
    const record = await until('the record', () =>
      station.records.find((each) => each.kind === 'malformed' && each.code === code),
    );
    assert.equal(record.kind === 'malformed' && record.port, station.port);
    assert.equal(client.pending.length, 0);
  });
}

test('an ACK from nowhere gets error 5; an error from nowhere gets nothing', async () => {
  client.send(station.transferPort, encodeError(0, 'lost'));
  client.send(station.transferPort, encodeAck(9));
  assert.deepEqual(await nextPacket(), { kind: 'error', code: 5, message: 'unknown transfer' });
  assert.equal(client.pending.length, 0);
});

test("another port's ACK disturbs nothing", async () => {
  const stranger = await openPacketClient();
  opened.push(stranger);
  client.read(station.port, 'long');
  assert.equal((await nextPacket()).kind, 'data');
  stranger.send(station.transferPort, encodeAck(1));
  assert.equal((await nextPacket(stranger)).kind, 'error');
  client.send(station.transferPort, encodeAck(1));
  const second = await nextPacket();
  assert.equal(second.kind === 'data' && second.block, 2);
  client.send(station.transferPort, encodeError(0, ''));
});

test('a late duplicate of the last ACK is not answered', async () => {
  client.read(station.port, 'hello');
  await client.next();
  client.send(station.transferPort, encodeAck(1));
  client.send(station.transferPort, encodeAck(1));
  client.read(station.port, 'hello');
  assert.deepEqual(await nextPacket(), data(1, 'hello'));
  client.send(station.transferPort, encodeAck(1));
});

test('what is not acknowledged is sent again', async () => {
  client.read(station.port, 'long', { timeout: '1' });
  assert.equal((await nextPacket()).kind, 'oack');
  assert.equal((await nextPacket()).kind, 'oack');
  client.send(station.transferPort, encodeAck(0));
  const first = await nextPacket();
  assert.deepEqual(await nextPacket(), first);
  client.send(station.transferPort, encodeError(0, ''));
});

test('the same request again restarts quietly; another one from the same port takes its place', async () => {
  const file = 'restarted';
  const before = station.active();
  writeFileSync(join(station.root, file), 'restarted');
  client.read(station.port, file, { tsize: '0' });
  assert.equal((await nextPacket()).kind, 'oack');
  client.read(station.port, file, { tsize: '0' });
  assert.equal((await nextPacket()).kind, 'oack');
  assert.deepEqual(eventsOf(file), []);
  client.read(station.port, file);
  assert.deepEqual(await nextPacket(), data(1, 'restarted'));
  client.send(station.transferPort, encodeAck(1));
  await until('the end', () => eventsOf(file).includes(`done ${file}`) || undefined);
  assert.deepEqual(eventsOf(file), [`start ${file}`, `done ${file}`]);
  assert.equal(station.active(), before, 'every place is free again');
});

test('a file that is replaced during its transfer ends with the bytes it began with', async () => {
  const old = randomBytes(600);
  writeFileSync(join(station.root, 'changing'), old);
  client.read(station.port, 'changing');
  assert.deepEqual(await nextPacket(), { kind: 'data', block: 1, data: old.subarray(0, 512) });
  writeFileSync(join(station.root, 'fresh'), randomBytes(600));
  renameSync(join(station.root, 'fresh'), join(station.root, 'changing'));
  client.send(station.transferPort, encodeAck(1));
  assert.deepEqual(await nextPacket(), { kind: 'data', block: 2, data: old.subarray(512) });
  client.send(station.transferPort, encodeAck(2));
});

test('a file read from disk in pieces is sent as soon as its bytes are there', async () => {
  const streaming = await openStation({ wholeFileBytes: 100 });
  try {
    writeFileSync(join(streaming.root, 'long'), 'abcdefgh'.repeat(80));
    client.read(streaming.port, 'long');
    assert.deepEqual(await nextPacket(), data(1, 'abcdefgh'.repeat(64)));
    client.send(streaming.transferPort, encodeAck(1));
    assert.deepEqual(await nextPacket(), data(2, 'abcdefgh'.repeat(16)));
    client.send(streaming.transferPort, encodeAck(2));
    assert.equal((await streaming.recorded('done')).retransmissions, 0);
  } finally {
    await streaming.close();
  }
});

test('a broadcast request is ignored', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('listening', resolve));
  socket.setBroadcast(true);
  socket.send(
    encodeRequest({ kind: 'rrq', file: 'hello', mode: 'octet', options: [] }),
    station.port,
    '127.255.255.255',
  );
  await until('the record', () =>
    station.records.find((each) => each.kind === 'malformed' && each.code === 'BROADCAST'),
  );
  socket.close();
});

test('beyond the limit of transfers requests meet silence until one ends', async () => {
  const small = await openStation({ maxTransfers: 2 });
  try {
    writeFileSync(join(small.root, 'hello'), 'hello');
    const second = await openPacketClient();
    const third = await openPacketClient();
    opened.push(second, third);
    client.read(small.port, 'hello');
    second.read(small.port, 'hello');
    await nextPacket();
    await nextPacket(second);
    assert.equal(small.active(), 2);
    third.read(small.port, 'hello');
    await until('the notice', () => small.records.find((record) => record.kind === 'notice'));
    assert.equal(third.pending.length, 0);
    client.send(small.transferPort, encodeAck(1));
    await until('a free place', () => small.active() === 1 || undefined);
    third.read(small.port, 'hello');
    assert.deepEqual(await nextPacket(third), data(1, 'hello'));
  } finally {
    await small.close();
  }
});

test('a thousand clients at once all get their file', async () => {
  const content = randomBytes(5000);
  writeFileSync(join(station.root, 'popular'), content);
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
  await new Promise<void>((resolve, reject) => {
    const ask = () => socket.send(request, station.port, '127.0.0.1');
    const again = setInterval(() => (parts.length === 0 ? ask() : undefined), 1000);
    socket.on('message', (message, from) => {
      const packet = decodeTftp(message);
      if (packet.kind === 'error') return reject(new Error(packet.message));
      if (packet.kind === 'data' && packet.block === parts.length + 1) parts.push(Buffer.from(packet.data));
      socket.send(encodeAck(packet.kind === 'data' ? packet.block : 0), from.port, from.address);
      if (packet.kind !== 'data' || packet.data.length === 1000) return;
      clearInterval(again);
      resolve();
    });
    ask();
  });
  socket.close();
  assert.ok(Buffer.concat(parts).equals(expected));
}
