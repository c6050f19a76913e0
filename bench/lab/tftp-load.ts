/** Many TFTP clients that pull one file, and whether each got every byte. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCrowd } from '../../tests/lab/crowd.ts';
import type { Namespace } from '../../tests/lab/netns.ts';
import type { CpuLists } from './cpu.ts';
import { SERVER } from './tftp-servers.ts';

/**
 * Who the clients are. `programs`: curl, or atftp where there are windows, a process each at one address; sixteen of them fill
 * a CPU by themselves, whatever the server does. `crowd`: one light program that is all of them, each at an address of its
 * own as the machines of a rack are, and leaves the limit to the server.
 */
export type By = 'programs' | 'crowd';

export interface Load {
  readonly clients: number;
  /** What each pulls. */
  readonly mib: number;
  readonly blockSize: number;
  /** 1: lock-step. */
  readonly windowSize: number;
  readonly by: By;
  readonly cpus: CpuLists;
}

/** Where the file lies and where its copies go, and the network that it goes over. */
export interface Ground {
  readonly root: string;
  /** An empty folder. */
  readonly inbox: string;
  readonly client: Namespace;
}

export const CLIENT_NIC = 'cli0';

/** The file that the clients of a load pull, below the root. */
export const payloadOf = ({ mib }: Pick<Load, 'mib'>): string => `payload-${mib}`;

/** One fetch, so that the first client of those that count finds the file in the caches as the last one does. */
export async function warmUp(load: Load, { client, inbox }: Ground): Promise<void> {
  const copy = join(inbox, 'warm-up');
  await client.run('sh', '-c', fetchCommand(load, copy));
  await rm(copy);
}

/** Seconds from the first request to the last byte. Rejects when a client is left without, or has other bytes. */
export async function pull(load: Load, ground: Ground): Promise<number> {
  return load.by === 'crowd' ? pullByCrowd(load, ground) : pullByPrograms(load, ground);
}

async function pullByCrowd(load: Load, { client, root }: Ground): Promise<number> {
  const { clients, blockSize } = load;
  const name = payloadOf(load);
  const order = { nic: CLIENT_NIC, server: SERVER, clients, blockSize, name, copy: join(root, name) };
  const { exact, failures, seconds } = await runCrowd(client, order, ['taskset', '-c', load.cpus.clients]);
  if (exact !== clients)
    throw new Error(`${exact} of ${clients} clients served: ${JSON.stringify(failures)}`);
  return seconds;
}

async function pullByPrograms(load: Load, { client, root, inbox }: Ground): Promise<number> {
  const script = `for i in $(seq ${load.clients}); do ${fetchCommand(load, `${inbox}/$i`)} & done; wait`;
  const startedAt = performance.now();
  await client.run('taskset', '-c', load.cpus.clients, 'sh', '-c', script);
  const seconds = (performance.now() - startedAt) / 1000;
  const expected = await digestOf(join(root, payloadOf(load)));
  const copies = await readdir(inbox);
  if (copies.length !== load.clients) throw new Error(`${copies.length} of ${load.clients} clients served`);
  for (const name of copies) {
    const copy = join(inbox, name);
    if ((await digestOf(copy)) !== expected) throw new Error(`what client ${name} got differs`);
    await rm(copy);
  }
  return seconds;
}

/** curl goes in lock-step and knows no other way. */
function fetchCommand(load: Load, copy: string): string {
  const { blockSize, windowSize } = load;
  const name = payloadOf(load);
  if (windowSize === 1) return `curl -s --tftp-blksize ${blockSize} -o ${copy} tftp://${SERVER}/${name}`;
  const options = `--option "blksize ${blockSize}" --option "windowsize ${windowSize}"`;
  return `atftp ${options} --get --remote-file ${name} --local-file ${copy} ${SERVER}`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
