/** Real clients fetch files over the loopback NIC, byte for byte. Needs curl, tftp-hpa, atftp and busybox. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { atftp, busybox, CLIENTS, type Client, fetchAndCompare } from './programs.ts';
import { openStation, type Station } from './station.ts';

const run = promisify(execFile);

const SIZES = [0, 1, 511, 512, 513, 1024, 1427, 1428, 1429, 512 * 1428, 3_000_001];

let station: Station;
let streaming: Station;
let inbox: string;

before(async () => {
  inbox = await mkdtemp(join(tmpdir(), 'pl-inbox-'));
  station = await openStation();
  // Everything above 100 kB is read piece by piece here.
  streaming = await openStation({ wholeFileBytes: 100_000 });
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    for (const { root } of [station, streaming]) await writeFile(join(root, `${size}.bin`), bytes);
  }
});

after(async () => {
  await station.close();
  await streaming.close();
  await rm(inbox, { recursive: true });
});

const fetchFrom = (client: Client, { port, root }: Station, file: string) =>
  fetchAndCompare(client, { host: '127.0.0.1', port, root }, file, inbox);

for (const client of CLIENTS) {
  test(`${client.name}: files of ${SIZES.join(', ')} bytes`, async () => {
    for (const size of SIZES) await fetchFrom(client, station, `${size}.bin`);
  });
  test(`${client.name}: a file that is not held in memory`, async () => {
    for (const size of [512 * 1428, 3_000_001]) await fetchFrom(client, streaming, `${size}.bin`);
  });
}

test('100 MiB in blocks of 512 bytes roll over three times, in lock-step and in windows', async (each) => {
  await writeFile(join(station.root, 'large.bin'), randomBytes(100 * 1024 * 1024));
  const clients = [...CLIENTS.filter(({ blocks }) => blocks === 512), busybox(512), atftp('windowsize 32')];
  for (const client of clients) await each.test(client.name, () => fetchFrom(client, station, 'large.bin'));
});

test('netascii: line ends are translated there and back', async () => {
  await writeFile(join(station.root, 'text'), 'one\ntwo\rthree\n');
  const to = join(inbox, 'text');
  await run('tftp', ['-m', 'netascii', '127.0.0.1', `${station.port}`, '-c', 'get', 'text', to]);
  assert.equal(await readFile(to, 'utf8'), 'one\ntwo\rthree\n');
});

test('curl is told what is wrong with a path', async () => {
  const fetch = (path: string) =>
    run('curl', ['-sS', '--path-as-is', `tftp://127.0.0.1:${station.port}/${path}`]);
  // 68: file not found on the TFTP server; 69: permission problem (curl(1)).
  await assert.rejects(fetch('missing'), { code: 68 });
  await assert.rejects(fetch('../etc/passwd'), { code: 69 });
  await assert.rejects(fetch('%2e%2e/etc/passwd'), { code: 69 });
});

test('a write is refused', async () => {
  const put = run('curl', ['-sS', '-T', join(station.root, '1.bin'), `tftp://127.0.0.1:${station.port}/new`]);
  await assert.rejects(put, { code: 69 });
});
