/** What the service refuses, and what it passes over. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { encodeAck, encodeData, encodeRequest } from '../../src/tftp/packets.ts';
import { attend, nextPacket } from './attend.ts';
import { until } from './station.ts';

const at = attend();

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
    at.client.send(at.station.port, bytes);
    const packet = await nextPacket(at.client);
    assert.equal(packet.kind === 'error' && packet.code, code);
    assert.ok(at.station.events().includes(event));
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
    at.client.send(at.station.port, bytes);
    const record = await until('the record', () =>
      at.station.records.find((each) => each.kind === 'malformed' && each.code === code),
    );
    assert.equal(record.kind === 'malformed' && record.port, at.station.port);
    assert.equal(at.client.pending.length, 0);
  });
}

test('a broadcast request is ignored', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('listening', resolve));
  socket.setBroadcast(true);
  socket.send(
    encodeRequest({ kind: 'rrq', file: 'hello', mode: 'octet', options: [] }),
    at.station.port,
    '127.255.255.255',
  );
  await until('the record', () =>
    at.station.records.find((each) => each.kind === 'malformed' && each.code === 'BROADCAST'),
  );
  socket.close();
});
