/** Real clients fetch files over the loopback NIC, byte for byte. Needs curl, tftp-hpa, atftp and busybox. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openStation, type Station } from './station.ts';

const run = promisify(execFile);

/** The package's own command cannot parse a port on Node 26; its library is what is of interest. */
const NPM_CLIENT = `
  const [port, file, to] = process.argv.slice(1);
  require('tftp').createClient({ host: '127.0.0.1', port: Number(port), windowSize: 4 })
    .get(file, to, (error) => { if (error) throw error; });
`;

interface Client {
  readonly name: string;
  readonly fetch: (port: number, file: string, to: string) => readonly [command: string, ...args: string[]];
}

const CLIENTS: readonly Client[] = [
  {
    name: 'curl',
    fetch: (port, file, to) => ['curl', '-sS', '-o', to, `tftp://127.0.0.1:${port}/${file}`],
  },
  {
    name: 'curl, blksize 1428',
    fetch: (port, file, to) => [
      'curl',
      '-sS',
      '--tftp-blksize',
      '1428',
      '-o',
      to,
      `tftp://127.0.0.1:${port}/${file}`,
    ],
  },
  {
    name: 'curl, no options',
    fetch: (port, file, to) => [
      'curl',
      '-sS',
      '--tftp-no-options',
      '-o',
      to,
      `tftp://127.0.0.1:${port}/${file}`,
    ],
  },
  {
    name: 'tftp-hpa',
    fetch: (port, file, to) => ['tftp', '-m', 'binary', '127.0.0.1', `${port}`, '-c', 'get', file, to],
  },
  {
    name: 'atftp, windowsize 16',
    fetch: (port, file, to) => [
      'atftp',
      '--get',
      '--option',
      'windowsize 16',
      '--option',
      'blksize 1428',
      '--option',
      'tsize 0',
      '--remote-file',
      file,
      '--local-file',
      to,
      '127.0.0.1',
      `${port}`,
    ],
  },
  {
    name: 'busybox',
    fetch: (port, file, to) => [
      'busybox',
      'tftp',
      '-g',
      '-b',
      '1024',
      '-r',
      file,
      '-l',
      to,
      '127.0.0.1',
      `${port}`,
    ],
  },
  {
    name: 'npm tftp, windowsize 4',
    fetch: (port, file, to) => [process.execPath, '-e', NPM_CLIENT, `${port}`, file, to],
  },
];

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

async function fetchAndCompare(client: Client, from: Station, file: string): Promise<void> {
  const to = join(inbox, `${client.name.replaceAll(/\W/g, '-')}-${file}`);
  const [command, ...args] = client.fetch(from.port, file, to);
  await run(command, args, { timeout: 60_000, cwd: import.meta.dirname });
  const [expected, actual] = await Promise.all([readFile(join(from.root, file)), readFile(to)]);
  assert.ok(expected.equals(actual), `${actual.length} bytes arrived of ${expected.length}, or other ones`);
  await rm(to);
}

for (const client of CLIENTS) {
  test(`${client.name}: files of ${SIZES.join(', ')} bytes`, async () => {
    for (const size of SIZES) await fetchAndCompare(client, station, `${size}.bin`);
  });
  test(`${client.name}: a file that is not held in memory`, async () => {
    for (const size of [512 * 1428, 3_000_001]) await fetchAndCompare(client, streaming, `${size}.bin`);
  });
}

test('a file of more than 65535 blocks rolls over, in lock-step and in windows', async () => {
  await writeFile(join(station.root, 'large.bin'), randomBytes(40 * 1024 * 1024));
  const [curl] = CLIENTS;
  assert.ok(curl);
  await fetchAndCompare(curl, station, 'large.bin');
  const atftp: Client = {
    name: 'atftp',
    fetch: (port, file, to) => [
      'atftp',
      '--get',
      '--option',
      'windowsize 32',
      '--remote-file',
      file,
      '--local-file',
      to,
      '127.0.0.1',
      `${port}`,
    ],
  };
  await fetchAndCompare(atftp, station, 'large.bin');
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
