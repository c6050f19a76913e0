/** Datagrams that are no messages: counted, told at debug level, forgotten. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendDatagram } from '../lab/datagram.ts';
import { SERVER_ADDRESS } from '../lab/rack.ts';
import { openScene } from '../lab/scene.ts';
import type { LogRecord } from '../lab/server.ts';

const PINO_DEBUG = 20;

const discover = Buffer.from(
  readFileSync(join(import.meta.dirname, '../golden/proxy.ovmf-pxe.discover.hex'), 'utf8').replaceAll(
    '\n',
    '',
  ),
  'hex',
);

/** The magic cookie stands after the 236 bytes of header; the first option's length after it. */
const COOKIE_AT = 236;
const FIRST_LENGTH_AT = COOKIE_AT + 5;
const spoilt = (offset: number, value: number): Buffer => {
  const copy = Buffer.from(discover);
  copy.writeUInt8(value, offset);
  return copy;
};

const CASES = [
  { what: 'one byte', port: 67, payload: Buffer.from([1]) },
  { what: 'half a header', port: 67, payload: discover.subarray(0, 120) },
  { what: 'neither a request nor a reply', port: 67, payload: spoilt(0, 77) },
  { what: 'another cookie', port: 67, payload: spoilt(COOKIE_AT, 0) },
  {
    what: 'an option longer than the packet',
    port: 4011,
    payload: spoilt(FIRST_LENGTH_AT, 255).subarray(0, 260),
  },
  { what: 'nothing but zeros', port: 4011, payload: Buffer.alloc(300) },
  { what: 'no TFTP opcode', port: 69, payload: Buffer.from([0, 99, 1, 2]) },
  { what: 'a request without a mode', port: 69, payload: Buffer.from('\u0000\u0001pxelinux.0', 'latin1') },
] as const;

test('malformed datagrams are counted and logged at debug level, and the server goes on answering', async () => {
  const scene = await openScene('proxy');
  try {
    const client = scene.rack.host('client', '10.77.0.9/24');
    const { records } = scene.server;
    for (const { what, port, payload } of CASES) {
      const from = records.all.length;
      await sendDatagram(client, { host: SERVER_ADDRESS, port }, payload);
      const told = (record: LogRecord): boolean => record.kind === 'malformed' && record.port === port;
      const record = await records.waitFor(`${what} is told`, told, { seconds: 10, from });
      assert.equal(record.level, PINO_DEBUG, what);
    }

    const metrics = await client.run(
      'curl',
      '-sS',
      '--max-time',
      '10',
      `http://${SERVER_ADDRESS}:8080/metrics`,
    );
    for (const port of [67, 69, 4011]) {
      const counted = metrics
        .split('\n')
        .filter((line) => line.includes('malformed') && line.includes(`port="${port}"`));
      const total = counted.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
      assert.equal(total, CASES.filter((entry) => entry.port === port).length, `port ${port}: ${counted}`);
    }

    const from = records.all.length;
    await sendDatagram(client, { host: SERVER_ADDRESS, port: 67 }, discover);
    const answered = ({ kind, reply }: LogRecord): boolean => kind === 'decision' && reply === 'OFFER';
    await records.waitFor('a DISCOVER is answered', answered, { seconds: 10, from });
    const file = await client.run(
      'curl',
      '-sS',
      '--max-time',
      '10',
      `tftp://${SERVER_ADDRESS}/undionly.kpxe`,
    );
    assert.ok(file.length > 10_000, 'a file is served');
  } finally {
    await scene.close();
  }
});
