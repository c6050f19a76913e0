/** Boot files over a real socket, asked for by curl and by hand. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createRig, NODE1, type Rig, until } from './rig.ts';

const run = promisify(execFile);

const SMALL = Buffer.from('#!ipxe\necho hello\n');
const LARGE = randomBytes(24 * 1024 * 1024);

describe('boot files', () => {
  let rig: Rig;
  let port: number;

  before(async () => {
    rig = await createRig({ requesterMac: NODE1, wholeFileBytes: 1024 * 1024 });
    await mkdir(join(rig.root, 'a b'));
    await writeFile(join(rig.root, 'boot.ipxe'), SMALL);
    await writeFile(join(rig.root, 'large.img'), LARGE);
    await writeFile(join(rig.root, 'a b', '50%+ü.txt'), 'odd name');
    await writeFile(join(rig.root, 'empty'), '');
    await symlink('/etc/passwd', join(rig.root, 'outside'));
    ({ port } = await rig.server.listen());
  });
  after(() => rig.close());

  /** Status, headers in lower case, body. */
  async function curl(path: string, ...args: string[]) {
    const url = `http://127.0.0.1:${port}/boot/${path}`;
    const { stdout } = await run('curl', ['-sS', '-i', '-m', '20', '--path-as-is', ...args, url], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    const end = stdout.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = stdout.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const;
      }),
    );
    return { status: Number(statusLine.split(' ')[1]), headers, body: stdout.subarray(end + 4) };
  }

  const lastTransfer = () => rig.transfers().at(-1);

  test('a file from memory arrives whole', async () => {
    const { status, headers, body } = await curl('boot.ipxe');
    assert.equal(status, 200);
    assert.deepEqual(body, SMALL);
    assert.equal(headers.get('content-length'), String(SMALL.length));
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(headers.get('accept-ranges'), 'bytes');
    assert.match(headers.get('last-modified') ?? '', / GMT$/);
    await until('the transfer is told', () => lastTransfer()?.event === 'done');
    const { at, milliseconds, ...told } = lastTransfer() ?? assert.fail('nothing was told');
    assert.deepEqual(told, {
      kind: 'transfer',
      mac: NODE1,
      protocol: 'http',
      event: 'done',
      client: '127.0.0.1',
      file: 'boot.ipxe',
      size: SMALL.length,
      bytes: SMALL.length,
    });
    assert.ok(at > 0 && milliseconds !== undefined);
  });

  test('a file too large for memory arrives whole', async () => {
    const { status, body } = await curl('large.img');
    assert.equal(status, 200);
    assert.ok(body.equals(LARGE));
  });

  test('HEAD tells the size and sends nothing', async () => {
    const { status, headers, body } = await curl('large.img', '--head');
    assert.equal(status, 200);
    assert.equal(headers.get('content-length'), String(LARGE.length));
    assert.equal(body.length, 0);
    assert.equal(lastTransfer()?.event, 'probe');
  });

  const RANGES: readonly [string, number, number][] = [
    ['0-0', 0, 1],
    ['1000000-2999999', 1_000_000, 3_000_000],
    ['-10', LARGE.length - 10, LARGE.length],
    [`${LARGE.length - 1}-`, LARGE.length - 1, LARGE.length],
  ];
  for (const [range, from, to] of RANGES) {
    test(`range ${range}`, async () => {
      const { status, headers, body } = await curl('large.img', '-r', range);
      assert.equal(status, 206);
      assert.equal(headers.get('content-range'), `bytes ${from}-${to - 1}/${LARGE.length}`);
      assert.ok(body.equals(LARGE.subarray(from, to)));
    });
  }

  test('a range beyond the end', async () => {
    const { status, headers, body } = await curl('boot.ipxe', '-r', '900-');
    assert.equal(status, 416);
    assert.equal(headers.get('content-range'), `bytes */${SMALL.length}`);
    assert.equal(body.length, 0);
  });

  test('several ranges: the whole file', async () => {
    const { status, body } = await curl('boot.ipxe', '-r', '0-1,4-5');
    assert.equal(status, 200);
    assert.deepEqual(body, SMALL);
  });

  test('a download goes on where it stopped, unless the file changed', async () => {
    const tag = (await curl('boot.ipxe', '--head')).headers.get('etag') ?? '';
    assert.match(tag, /^"[^"]+"$/);
    const same = await curl('boot.ipxe', '-r', '5-', '-H', `If-Range: ${tag}`);
    assert.equal(same.status, 206);
    const other = await curl('boot.ipxe', '-r', '5-', '-H', 'If-Range: "other"');
    assert.equal(other.status, 200);
  });

  test('an unchanged file is not sent again', async () => {
    const { headers } = await curl('boot.ipxe', '--head');
    const { status, body } = await curl('boot.ipxe', '-H', `If-None-Match: ${headers.get('etag')}`);
    assert.equal(status, 304);
    assert.equal(body.length, 0);
    assert.equal(lastTransfer()?.detail, 'not modified');
  });

  test('an empty file', async () => {
    const { status, headers, body } = await curl('empty');
    assert.deepEqual([status, headers.get('content-length'), body.length], [200, '0', 0]);
  });

  test('a path is decoded once', async () => {
    const { status, body } = await curl('a%20b/50%25+%C3%BC.txt');
    assert.deepEqual([status, body.toString()], [200, 'odd name']);
    assert.equal((await curl('a%2520b/50%2525+%25C3%25BC.txt')).status, 404);
    assert.equal(rig.asked.clients.at(-1)?.path, 'a%20b/50%25+%C3%BC.txt');
  });

  // The resolver sees them as the client wrote them, and refuses or does not find them.
  const TRAVERSALS: readonly [string, string][] = [
    ['../etc/passwd', '../etc/passwd'],
    ['%2e%2e/etc/passwd', '../etc/passwd'],
    ['..%2fetc%2fpasswd', '../etc/passwd'],
    ['%2e%2e%5cetc%5cpasswd', '..\\etc\\passwd'],
    ['%252e%252e/etc/passwd', '%2e%2e/etc/passwd'],
    ['a%20b/../../../etc/passwd', 'a b/../../../etc/passwd'],
    ['/etc/passwd', '/etc/passwd'],
    ['boot.ipxe%00.txt', 'boot.ipxe\0.txt'],
    ['outside', 'outside'],
  ];
  for (const [written, seen] of TRAVERSALS) {
    test(`/boot/${written} leaves nothing out`, async () => {
      const { status, headers, body } = await curl(written);
      assert.equal(rig.asked.clients.at(-1)?.path, seen);
      assert.ok(status === 403 || status === 404, `status ${status}`);
      assert.match(headers.get('content-type') ?? '', /^text\/plain/);
      assert.ok(body.length < 100 && !body.includes('root:'));
      assert.ok(['refused', 'not-found'].includes(lastTransfer()?.event ?? ''));
    });
  }

  test('a path that is no UTF-8 is a bad request', async () => {
    const { status, body } = await curl('%ff%zz');
    assert.equal(status, 400);
    assert.equal(JSON.parse(body.toString()).error, 'BAD_REQUEST');
  });

  test('a client that stops reading holds back the file, and its going away is told', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /boot/large.img HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    const before = rig.transfers().length;
    socket.read(1000);
    socket.destroy();
    await until('the transfer ends', () => rig.transfers().length > before);
    const told = lastTransfer();
    assert.equal(told?.event, 'aborted');
    // What is in flight is what the kernel's buffers hold, far from the whole file.
    assert.ok((told?.bytes ?? 0) < LARGE.length / 2, `${told?.bytes} bytes were handed over`);
  });

  test('the address of the client and ours are plain IPv4', () => {
    const client = rig.asked.clients[0];
    assert.deepEqual([client?.remoteAddress, client?.localAddress], ['127.0.0.1', '127.0.0.1']);
  });
});

test('a file that becomes shorter while it is sent cuts the connection', async (t) => {
  const rig = await createRig({
    content: () => ({
      resolve: async () => ({
        name: 'shrinking',
        size: 1_000_000,
        etag: 'x',
        open: async () => ({
          size: 1_000_000,
          etag: 'x',
          read: async (offset) => new Uint8Array(offset === 0 ? 1000 : 0),
          close: () => {},
        }),
      }),
    }),
  });
  t.after(rig.close);
  const { port } = await rig.server.listen();
  await assert.rejects(run('curl', ['-sS', '-m', '5', `http://127.0.0.1:${port}/boot/shrinking`]));
  await until('the transfer is told', () => rig.transfers().length > 0);
  const [told] = rig.transfers();
  assert.deepEqual([told?.event, told?.bytes], ['failed', 1000]);
  assert.match(told?.detail ?? '', /shorter/);
});

test('a file that is replaced between its headers and its bytes does not go out under the old tag', async (t) => {
  const rig = await createRig({
    wholeFileBytes: 0,
    content: (resolver) => ({
      async resolve(path, requester) {
        const found = await resolver.resolve(path, requester);
        await writeFile(join(rig.root, 'new'), 'another');
        await rename(join(rig.root, 'new'), join(rig.root, path));
        return found;
      },
    }),
  });
  t.after(rig.close);
  await writeFile(join(rig.root, 'file'), 'the one');
  const { statusCode, body } = await rig.server.inject('/boot/file');
  assert.deepEqual([statusCode, body], [500, 'the file changed just now: ask again\n']);
});

test('what the resolver cannot do is a status, a sentence, and no stack', async (t) => {
  const rig = await createRig({
    content: () => ({
      resolve: async () => ({ failure: 'broken', detail: 'preseed.liquid:3:1: no variable "role"' }),
    }),
  });
  t.after(rig.close);
  const answer = await rig.server.inject('/boot/preseed.cfg');
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.body, 'preseed.liquid:3:1: no variable "role"\n');
  assert.deepEqual(
    rig.lines.map((line) => [line.level, 'err' in line]),
    [[40, false]],
  );
});

test('connections are kept alive between files', async (t) => {
  const rig = await createRig();
  t.after(rig.close);
  await writeFile(join(rig.root, 'one'), '1');
  const { port } = await rig.server.listen();
  const socket = connect(port, '127.0.0.1');
  const request = (extra: string) => `GET /boot/one HTTP/1.1\r\nHost: x\r\n${extra}\r\n`;
  socket.write(request('') + request('Connection: close\r\n'));
  assert.equal((await text(socket)).match(/HTTP\/1.1 200/g)?.length, 2);
});
