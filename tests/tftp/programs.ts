/** TFTP clients as people have them: curl, tftp-hpa, atftp, busybox and the npm package. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The package's own command cannot parse a port on Node 26; its library is what is of interest. */
const NPM_CLIENT = `
  const [host, port, file, to] = process.argv.slice(1);
  require('tftp').createClient({ host, port: Number(port), windowSize: 4 })
    .get(file, to, (error) => { if (error) throw error; });
`;

/** A server, and the directory it serves. */
export interface Source {
  /** An address; a link-local one of IPv6 with its zone: `fe80::1%eth0`. */
  readonly host: string;
  readonly port: number;
  readonly root: string;
}

/** `fetch`: the command that fetches a file. */
export interface Client {
  readonly name: string;
  /** Bytes of a block, where that is plain. */
  readonly blocks?: number;
  readonly fetch: (from: Source, file: string, to: string) => readonly [command: string, ...args: string[]];
}

const isIpv6 = (host: string): boolean => host.includes(':');

/** As RFC 3986 and RFC 6874 write IPv6 addresses and their zones. */
export function tftpUrl({ host, port }: Omit<Source, 'root'>, file: string): string {
  const name = isIpv6(host) ? `[${host.replace('%', '%25')}]` : host;
  return `tftp://${name}:${port}/${file}`;
}

/** atftp asking for these options. */
export function atftp(...options: readonly string[]): Client {
  return {
    name: `atftp, ${options.join(', ')}`,
    fetch: ({ host, port }, file, to) => [
      'atftp',
      '--get',
      ...options.flatMap((option) => ['--option', option]),
      '--remote-file',
      file,
      '--local-file',
      to,
      host,
      `${port}`,
    ],
  };
}

export const busybox = (blocks: number): Client => ({
  name: `busybox, ${blocks}`,
  blocks,
  fetch: ({ host, port }, file, to) => {
    const options = ['-g', '-b', String(blocks), '-r', file, '-l', to];
    return ['busybox', 'tftp', ...options, host, `${port}`];
  },
});

export const CLIENTS: readonly Client[] = [
  {
    name: 'curl',
    blocks: 512,
    fetch: (from, file, to) => ['curl', '-sS', '-o', to, tftpUrl(from, file)],
  },
  {
    name: 'curl, blksize 1428',
    fetch: (from, file, to) => ['curl', '-sS', '--tftp-blksize', '1428', '-o', to, tftpUrl(from, file)],
  },
  {
    name: 'curl, no options',
    blocks: 512,
    fetch: (from, file, to) => ['curl', '-sS', '--tftp-no-options', '-o', to, tftpUrl(from, file)],
  },
  {
    name: 'tftp-hpa',
    blocks: 512,
    fetch: ({ host, port }, file, to) => {
      const version = isIpv6(host) ? '-6' : '-4';
      return ['tftp', version, '-m', 'binary', host, `${port}`, '-c', 'get', file, to];
    },
  },
  atftp('windowsize 16', 'blksize 1428', 'tsize 0'),
  busybox(1024),
  {
    name: 'npm tftp, windowsize 4',
    fetch: ({ host, port }, file, to) => [process.execPath, '-e', NPM_CLIENT, host, `${port}`, file, to],
  },
];

/**
 * Fetches a file into `inbox` and compares it. `prefix`: a command that runs the client, such as `ip netns exec NAME`.
 * Rejects when the client fails, takes more than two minutes, or gets other bytes.
 */
export async function fetchAndCompare(
  client: Client,
  from: Source,
  file: string,
  inbox: string,
  prefix: readonly string[] = [],
): Promise<void> {
  // A place of its own: two tests at once may let one client fetch the same file.
  const to = join(inbox, `${client.name.replaceAll(/\W/g, '-')}-${randomUUID()}-${file}`);
  const [command = '', ...args] = [...prefix, ...client.fetch(from, file, to)];
  await run(command, args, { timeout: 120_000, cwd: import.meta.dirname });
  const [expected, actual] = await Promise.all([readFile(join(from.root, file)), readFile(to)]);
  const message = `${client.name}: ${actual.length} bytes arrived of ${expected.length}, or other ones`;
  assert.ok(expected.equals(actual), message);
  await rm(to);
}
