/** Fetching over real sockets, from servers that behave and servers that do not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { after, describe, test } from 'node:test';
import { createClock } from '../../src/clock.ts';
import { fetchHttp } from '../../src/probe/fetch-http.ts';
import { BLOCKS, type Blocks, fetchTftp } from '../../src/probe/fetch-tftp.ts';
import type { Fetched } from '../../src/probe/fetched.ts';
import type { Place } from '../../src/probe/place.ts';

const clock = createClock();
after(() => clock.close());

const CONTENT = Buffer.alloc(5000, 'pilotlight');
const DIGEST = createHash('sha256').update(CONTENT).digest('hex');

const place = (protocol: Place['protocol'], port: number, path: string): Place => ({
  protocol,
  host: '127.0.0.1',
  port,
  path,
  url: `${protocol}://127.0.0.1:${port}/${path.replace(/^\//, '')}`,
});

describe('HTTP', () => {
  async function get(serve: RequestListener, headerOnly = false): Promise<Fetched> {
    const server = createServer(serve);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    try {
      return await fetchHttp(place('http', address.port, '/a?b=c'), { clock, dns: [], headerOnly });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('a file', async () => {
    let asked: string | undefined;
    const fetched = await get((request, response) => {
      asked = request.url;
      response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT);
    });
    assert.equal(asked, '/a?b=c');
    assert.deepEqual([fetched.failure, fetched.status, fetched.announced], [undefined, 200, CONTENT.length]);
    assert.deepEqual(fetched.received, { size: CONTENT.length, sha256: DIGEST });
    assert.deepEqual(Buffer.from(fetched.head), CONTENT);
  });

  test('its size alone', async () => {
    const fetched = await get(
      (_, response) => response.writeHead(200, { 'content-length': 99 }).write('x'),
      true,
    );
    assert.deepEqual([fetched.failure, fetched.announced, fetched.received], [undefined, 99, undefined]);
  });

  test('not there', async () => {
    const { failure, status } = await get((_, response) => response.writeHead(404).end('no'));
    assert.deepEqual([failure, status], [{ kind: 'refused', detail: '404 Not Found' }, 404]);
  });

  test('elsewhere', async () => {
    const { failure } = await get((_, response) => response.writeHead(302, { location: '/b' }).end());
    assert.deepEqual(failure, { kind: 'redirect', detail: '/b' });
  });

  test('cut short', async () => {
    const { failure, received } = await get((_, response) => {
      response.writeHead(200, { 'content-length': 99 }).write('x', () => response.destroy());
    });
    assert.deepEqual([failure?.kind, received], ['stalled', undefined]);
  });

  test('nobody there', async () => {
    const { failure } = await fetchHttp(place('http', 1, '/'), { clock, dns: [], headerOnly: false });
    assert.deepEqual(failure, { kind: 'connect', detail: 'ECONNREFUSED' });
  });

  test('a name that no DNS server tells', async () => {
    const named = { ...place('http', 80, '/'), host: 'boot.example' };
    const { failure } = await fetchHttp(named, { clock, dns: [0x7f000001], headerOnly: false });
    assert.equal(failure?.kind, 'name');
  });
});

describe('TFTP', () => {
  const DATA = 3;
  const ACK = 4;

  interface TftpServer {
    /** Answers the request; undefined keeps silent. */
    readonly first: Uint8Array | undefined;
    /** The block size that is kept to. */
    readonly blockSize: number;
  }

  const bytes = (code: number, text: string): Buffer =>
    Buffer.from(`\0${String.fromCharCode(code)}${text}`, 'latin1');
  const block = (number: number, size: number): Buffer =>
    Buffer.concat([
      Buffer.from([0, DATA, number >> 8, number & 255]),
      CONTENT.subarray((number - 1) * size, number * size),
    ]);

  async function get(server: TftpServer, blocks: Blocks, headerOnly = false) {
    const socket = createSocket('udp4');
    const requests: string[] = [];
    socket.on('message', (message, { port, address }) => {
      const send = (answer: Uint8Array): void => socket.send(answer, port, address);
      if (message[1] === 1) {
        requests.push(message.toString('latin1', 2));
        if (server.first !== undefined) send(server.first);
      } else if (message[1] === ACK) {
        const next = message.readUInt16BE(2) + 1;
        for (let each = next; each < next + blocks.window; each++) {
          if ((each - 1) * server.blockSize <= CONTENT.length) send(block(each, server.blockSize));
        }
      }
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    try {
      const where = place('tftp', socket.address().port, 'boot/file.0');
      return { requests, fetched: await fetchTftp(where, { clock, dns: [], blocks, headerOnly }) };
    } finally {
      socket.close();
    }
  }

  test('UEFI asks as OVMF does, and takes windows', async () => {
    const agreed = bytes(6, 'blksize\x001468\0windowsize\x004\0tsize\x005000\0');
    const { requests, fetched } = await get({ first: agreed, blockSize: 1468 }, BLOCKS.uefi);
    assert.deepEqual(requests, ['boot/file.0\0octet\0blksize\x001468\0windowsize\x004\0tsize\x000\0']);
    assert.deepEqual([fetched.failure, fetched.announced], [undefined, CONTENT.length]);
    assert.deepEqual(fetched.received, { size: CONTENT.length, sha256: DIGEST });
    assert.deepEqual(fetched.blocks, { size: 1468, window: 4 });
  });

  test('a ROM asks for no windows', async () => {
    const agreed = bytes(6, 'blksize\x001456\0tsize\x005000\0');
    const { requests, fetched } = await get({ first: agreed, blockSize: 1456 }, BLOCKS.bios);
    assert.deepEqual(requests, ['boot/file.0\0octet\0blksize\x001456\0tsize\x000\0']);
    assert.equal(fetched.received?.sha256, DIGEST);
  });

  test('a server that knows no options', async () => {
    const { fetched } = await get({ first: block(1, 512), blockSize: 512 }, BLOCKS.bios);
    assert.deepEqual([fetched.failure, fetched.announced, fetched.blocks?.size], [undefined, undefined, 512]);
    assert.equal(fetched.received?.sha256, DIGEST);
  });

  test('the size alone', async () => {
    const { fetched } = await get({ first: bytes(6, 'tsize\x005000\0'), blockSize: 512 }, BLOCKS.bios, true);
    assert.deepEqual([fetched.failure, fetched.announced, fetched.received], [undefined, 5000, undefined]);
  });

  test('refused, in the words of the server', async () => {
    const { fetched } = await get({ first: bytes(5, '\0\x01no such file\0'), blockSize: 512 }, BLOCKS.bios);
    assert.deepEqual(fetched.failure, { kind: 'refused', detail: 'no such file' });
  });

  test('no answer', async () => {
    const { fetched, requests } = await get({ first: undefined, blockSize: 512 }, BLOCKS.bios);
    assert.equal(fetched.failure?.kind, 'silent');
    assert.ok(requests.length > 1, 'it asked again');
  });

  test('an answer, and no data after it', async () => {
    const agreed = bytes(6, 'tsize\x009999999\0');
    const { fetched } = await get(
      { first: agreed, blockSize: Number.POSITIVE_INFINITY },
      { size: 512, window: 0 },
    );
    assert.equal(fetched.failure?.kind, 'stalled');
  });
});
