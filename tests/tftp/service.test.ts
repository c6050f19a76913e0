/** The service over the loopback NIC, packet by packet. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeAck, encodeError } from '../../src/tftp/packets.ts';
import { attend, data, eventsOf, nextPacket, writeTexts } from './attend.ts';
import { openStation, type Station, until } from './station.ts';

const at = attend();

test('without options the first block is the answer, from the transfer port', async () => {
  at.client.read(at.station.port, 'hello');
  const { packet, port } = await at.client.next();
  assert.equal(packet.kind, 'data');
  assert.equal(port, at.station.transferPort);
  assert.notEqual(port, at.station.port);
  at.client.send(port, encodeAck(1));
  await until('the end', () => eventsOf('hello', at.station).includes('done hello') || undefined);
  const record = await at.station.recorded('done');
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
  at.client.read(at.station.port, '/long', { tsize: '0', blksize: '16', nonsense: '1', windowsize: '2' });
  assert.deepEqual(await nextPacket(at.client), {
    kind: 'oack',
    options: [
      { name: 'tsize', value: '8000' },
      { name: 'blksize', value: '16' },
      { name: 'windowsize', value: '2' },
    ],
  });
  at.client.send(at.station.transferPort, encodeAck(0));
  assert.deepEqual(await nextPacket(at.client), data(1, 'abcdefghabcdefgh'));
  assert.deepEqual(await nextPacket(at.client), data(2, 'abcdefghabcdefgh'));
  at.client.send(at.station.transferPort, encodeError(0, 'enough'));
  const { detail } = await at.station.recorded('aborted');
  assert.equal(detail, 'error 0: enough');
});

test('a probe for the size is no failure', async () => {
  at.client.read(at.station.port, 'hello', { tsize: '0', blksize: '1468' });
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  at.client.send(at.station.transferPort, encodeError(8, 'User aborted the transfer'));
  const { file } = await at.station.recorded('probe');
  assert.equal(file, 'hello');
});

test('what a client says after its end is passed over', async () => {
  at.client.read(at.station.port, 'hello', { tsize: '0', blksize: '1468' });
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  for (const code of [8, 0, 8]) at.client.send(at.station.transferPort, encodeError(code, ''));
  at.client.send(at.station.transferPort, encodeAck(0));
  // The answer to what comes last shows that nothing was said to what came before.
  at.client.read(at.station.port, 'hello');
  assert.deepEqual(await nextPacket(at.client), data(1, 'hello'));
  at.client.send(at.station.transferPort, encodeAck(1));
  at.client.send(at.station.transferPort, encodeAck(1));
  at.client.read(at.station.port, 'gone');
  assert.equal((await nextPacket(at.client)).kind, 'error');
});

test('progress is told while a transfer runs', async () => {
  at.client.read(at.station.port, 'long');
  await nextPacket(at.client);
  at.client.send(at.station.transferPort, encodeAck(1));
  await nextPacket(at.client);
  const { file, bytes, size } = await at.station.recorded('progress');
  assert.deepEqual({ file, bytes, size }, { file: 'long', bytes: 512, size: 8000 });
  at.client.send(at.station.transferPort, encodeError(0, 'enough'));
});

test('an empty file: asked for its size alone, its one empty block is the answer; with more, the OACK leaves it out', async () => {
  writeFileSync(join(at.station.root, 'nothing'), '');
  at.client.read(at.station.port, 'nothing', { tsize: '0' });
  assert.deepEqual(await nextPacket(at.client), data(1, ''));
  at.client.send(at.station.transferPort, encodeAck(1));
  at.client.read(at.station.port, 'nothing', { tsize: '0', blksize: '1024' });
  assert.deepEqual(await nextPacket(at.client), {
    kind: 'oack',
    options: [{ name: 'blksize', value: '1024' }],
  });
  at.client.send(at.station.transferPort, encodeAck(0));
  assert.deepEqual(await nextPacket(at.client), data(1, ''));
  at.client.send(at.station.transferPort, encodeAck(1));
  await until(
    'the end',
    () => eventsOf('nothing', at.station).filter((each) => each === 'done nothing').length === 2 || undefined,
  );
});

test('blocks and windows are no larger than configured', async () => {
  const narrow = await openStation({ maxBlockSize: 1000, maxWindow: 3 });
  try {
    writeFileSync(join(narrow.root, 'long'), 'abcdefgh'.repeat(1000));
    at.client.read(narrow.port, 'long', { blksize: '1468', windowsize: '16' });
    assert.deepEqual(await nextPacket(at.client), {
      kind: 'oack',
      options: [
        { name: 'blksize', value: '1000' },
        { name: 'windowsize', value: '3' },
      ],
    });
    at.client.send(narrow.transferPort, encodeAck(0));
    for (const block of [1, 2, 3])
      assert.deepEqual(await nextPacket(at.client), data(block, 'abcdefgh'.repeat(125)));
    at.client.send(narrow.transferPort, encodeAck(1));
    for (const block of [2, 3, 4])
      assert.deepEqual(await nextPacket(at.client), data(block, 'abcdefgh'.repeat(125)));
    at.client.send(narrow.transferPort, encodeError(0, ''));
  } finally {
    await narrow.close();
  }
});

test('single port: requests, transfers and what is neither, all on one port', async () => {
  const single = await openStation({ singlePort: true });
  try {
    writeTexts(single);
    assert.equal(single.port, single.transferPort);
    at.client.read(single.port, 'hello', { tsize: '0' });
    const { port } = await at.client.next();
    assert.equal(port, single.port);
    at.client.send(single.port, encodeAck(0));
    assert.deepEqual(await nextPacket(at.client), data(1, 'hello'));
    at.client.send(single.port, encodeAck(1));
    await single.recorded('done');
    at.client.read(single.port, 'gone');
    const packet = await nextPacket(at.client);
    assert.equal(packet.kind === 'error' && packet.code, 1);
  } finally {
    await single.close();
  }
});

test('the answer comes from the address that was asked', async () => {
  at.client.read(at.station.port, 'hello', {}, '127.0.0.7');
  const { address } = await at.client.next();
  assert.equal(address, '127.0.0.7');
});

test('rendered files are served like others, and a template that fails is told apart', async () => {
  at.client.read(at.station.port, 'script.ipxe');
  assert.deepEqual(await nextPacket(at.client), data(1, '#!ipxe\nexit\n'));
  at.client.read(at.station.port, 'bad');
  assert.deepEqual(await nextPacket(at.client), {
    kind: 'error',
    code: 0,
    message: 'the file cannot be read',
  });
  const { detail } = await at.station.recorded('failed');
  assert.equal(detail, 'no variable "x"');
});

test('an ACK from nowhere gets error 5; an error from nowhere gets nothing', async () => {
  at.client.send(at.station.transferPort, encodeError(0, 'lost'));
  at.client.send(at.station.transferPort, encodeAck(9));
  assert.deepEqual(await nextPacket(at.client), { kind: 'error', code: 5, message: 'unknown transfer' });
  assert.equal(at.client.pending.length, 0);
});

test("another port's ACK disturbs nothing", async () => {
  const stranger = await at.openClient();
  at.client.read(at.station.port, 'long');
  assert.equal((await nextPacket(at.client)).kind, 'data');
  stranger.send(at.station.transferPort, encodeAck(1));
  assert.equal((await nextPacket(stranger)).kind, 'error');
  at.client.send(at.station.transferPort, encodeAck(1));
  const second = await nextPacket(at.client);
  assert.equal(second.kind === 'data' && second.block, 2);
  at.client.send(at.station.transferPort, encodeError(0, ''));
});

test('a late duplicate of the last ACK is not answered', async () => {
  at.client.read(at.station.port, 'hello');
  await at.client.next();
  at.client.send(at.station.transferPort, encodeAck(1));
  at.client.send(at.station.transferPort, encodeAck(1));
  at.client.read(at.station.port, 'hello');
  assert.deepEqual(await nextPacket(at.client), data(1, 'hello'));
  at.client.send(at.station.transferPort, encodeAck(1));
});

test('what is not acknowledged is sent again', async () => {
  at.client.read(at.station.port, 'long', { timeout: '1' });
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  at.client.send(at.station.transferPort, encodeAck(0));
  const first = await nextPacket(at.client);
  assert.deepEqual(await nextPacket(at.client), first);
  at.client.send(at.station.transferPort, encodeError(0, ''));
});

test('the same request again restarts quietly; another one from the same port takes its place', async () => {
  const file = 'restarted';
  const before = at.station.active();
  writeFileSync(join(at.station.root, file), 'restarted');
  at.client.read(at.station.port, file, { tsize: '0' });
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  at.client.read(at.station.port, file, { tsize: '0' });
  assert.equal((await nextPacket(at.client)).kind, 'oack');
  assert.deepEqual(eventsOf(file, at.station), []);
  at.client.read(at.station.port, file);
  assert.deepEqual(await nextPacket(at.client), data(1, 'restarted'));
  at.client.send(at.station.transferPort, encodeAck(1));
  await until('the end', () => eventsOf(file, at.station).includes(`done ${file}`) || undefined);
  assert.deepEqual(eventsOf(file, at.station), [`start ${file}`, `done ${file}`]);
  assert.equal(at.station.active(), before, 'every place is free again');
});

test('a request that crossed with its answer changes nothing', async () => {
  const file = 'crossed';
  const blocks = ['a', 'b', 'c'].map((letter) => letter.repeat(letter === 'c' ? 100 : 512));
  writeFileSync(join(at.station.root, file), blocks.join(''));
  const other = await at.openClient();
  at.client.read(at.station.port, file);
  assert.deepEqual(await nextPacket(at.client), data(1, blocks[0] as string));
  at.client.send(at.station.transferPort, encodeAck(1));
  assert.deepEqual(await nextPacket(at.client), data(2, blocks[1] as string));
  await until('the start', () => eventsOf(file, at.station).includes(`start ${file}`) || undefined);
  at.client.read(at.station.port, file);
  other.read(at.station.port, 'hello');
  assert.deepEqual(await nextPacket(other), data(1, 'hello'), 'the repetition was looked at before');
  other.send(at.station.transferPort, encodeAck(1));
  at.client.send(at.station.transferPort, encodeAck(2));
  assert.deepEqual(await nextPacket(at.client), data(3, blocks[2] as string));
  at.client.send(at.station.transferPort, encodeAck(3));
  await until('the end', () => eventsOf(file, at.station).includes(`done ${file}`) || undefined);
  assert.deepEqual(eventsOf(file, at.station), [`start ${file}`, `done ${file}`]);
  assert.equal(at.client.pending.length, 0);
});

test('a file that is replaced during its transfer ends with the bytes it began with', async () => {
  const old = randomBytes(600);
  writeFileSync(join(at.station.root, 'changing'), old);
  at.client.read(at.station.port, 'changing');
  assert.deepEqual(await nextPacket(at.client), { kind: 'data', block: 1, data: old.subarray(0, 512) });
  writeFileSync(join(at.station.root, 'fresh'), randomBytes(600));
  renameSync(join(at.station.root, 'fresh'), join(at.station.root, 'changing'));
  at.client.send(at.station.transferPort, encodeAck(1));
  assert.deepEqual(await nextPacket(at.client), { kind: 'data', block: 2, data: old.subarray(512) });
  at.client.send(at.station.transferPort, encodeAck(2));
});

test('a file that is cut short while it is read in pieces fails once, and its client is told', async () => {
  const streaming = await openStation({ wholeFileBytes: 100, lanes: 1 });
  const blockSize = 65_000;
  const file = join(streaming.root, 'cut');
  try {
    writeFileSync(file, randomBytes(20 * blockSize));
    at.client.read(streaming.port, 'cut', { blksize: String(blockSize) });
    assert.equal((await nextPacket(at.client)).kind, 'oack');
    at.client.send(streaming.transferPort, encodeAck(0));
    assert.equal((await nextPacket(at.client)).kind, 'data');
    truncateSync(file, 9 * blockSize);
    let packet = await acknowledge(streaming, 1);
    for (let block = 2; packet.kind === 'data'; block++) packet = await acknowledge(streaming, block);
    assert.equal(packet.kind, 'error');
    const { detail } = await streaming.recorded('failed');
    assert.equal(detail, 'the file was written to while it was sent');
    // Whatever the lane had to say of the one, it says before it speaks of the other.
    writeTexts(streaming);
    at.client.read(streaming.port, 'hello');
    assert.equal((await nextPacket(at.client)).kind, 'data');
    at.client.send(streaming.transferPort, encodeAck(1));
    await streaming.recorded('done');
  } finally {
    await streaming.close();
  }
  assert.deepEqual(eventsOf('cut', streaming), ['start cut', 'failed cut']);
});

async function acknowledge(where: Station, block: number) {
  at.client.send(where.transferPort, encodeAck(block));
  return nextPacket(at.client);
}

test('a file read from disk in pieces is sent as soon as its bytes are there', async () => {
  const streaming = await openStation({ wholeFileBytes: 100 });
  try {
    writeFileSync(join(streaming.root, 'long'), 'abcdefgh'.repeat(80));
    at.client.read(streaming.port, 'long');
    assert.deepEqual(await nextPacket(at.client), data(1, 'abcdefgh'.repeat(64)));
    at.client.send(streaming.transferPort, encodeAck(1));
    assert.deepEqual(await nextPacket(at.client), data(2, 'abcdefgh'.repeat(16)));
    at.client.send(streaming.transferPort, encodeAck(2));
    assert.equal((await streaming.recorded('done')).retransmissions, 0);
  } finally {
    await streaming.close();
  }
});
