/** Fetches a file by TFTP with a client that is not ours, so that our own mistakes are not made twice. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { ClientKind } from './client.ts';
import { type Failure, type Fetched, nothingFetched } from './fetched.ts';
import type { Place } from './place.ts';
import { addressOf } from './resolve.ts';
import { createSink } from './sink.ts';

/** What the thread is told. */
export interface Wanted {
  readonly host: string;
  readonly port: number;
  readonly file: string;
  readonly blockSize: number;
  readonly windowSize: number;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Ends once the server has told the size. */
  readonly headerOnly: boolean;
}

/** What it tells. */
export type Told =
  | {
      readonly kind: 'agreed';
      readonly blockSize: number;
      readonly windowSize: number;
      readonly size: number | undefined;
    }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string };

export interface Blocks {
  readonly size: number;
  readonly window: number;
}

/** What each asks for: OVMF and iPXE as in a capture of theirs, ROMs as Intel's. */
export const BLOCKS: Readonly<Record<ClientKind, Blocks>> = {
  bios: { size: 1456, window: 1 },
  uefi: { size: 1468, window: 4 },
  http: { size: 1468, window: 4 },
  ipxe: { size: 1432, window: 1 },
};

/** The plain TFTP of RFC 1350. */
export const SMALL_BLOCKS: Blocks = { size: 512, window: 1 };

const TIMEOUT_MS = 1000;
const RETRIES = 4;
/** A boot program or kernel that takes longer than this does not come. */
const DEADLINE_MS = 300_000;

export interface TftpFetchOptions {
  readonly clock: Clock;
  /** Asked for the host's name, where it is one. */
  readonly dns: readonly Ipv4[];
  readonly blocks: Blocks;
  readonly headerOnly: boolean;
}

/** Never rejects: what goes wrong is in the result. */
export async function fetchTftp(
  { host, port, path }: Place,
  { clock, dns, blocks, headerOnly }: TftpFetchOptions,
): Promise<Fetched> {
  const began = clock.now();
  const address = await addressOf(host, dns, clock);
  if (typeof address !== 'string') {
    return { ...nothingFetched, milliseconds: Math.round(clock.now() - began), failure: address };
  }
  const wanted: Wanted = {
    host: address,
    port,
    file: path,
    blockSize: blocks.size,
    windowSize: blocks.window,
    timeoutMs: TIMEOUT_MS,
    retries: RETRIES,
    headerOnly,
  };
  const sink = createSink();
  let agreed: Extract<Told, { kind: 'agreed' }> | undefined;
  const thread = new Worker(new URL('./tftp-thread.ts', import.meta.url), { workerData: wanted });
  const { promise, resolve } = Promise.withResolvers<Failure | undefined>();
  const deadline = clock.after('probe tftp', DEADLINE_MS, () =>
    resolve({ kind: 'stalled', detail: `not done after ${DEADLINE_MS / 1000} s` }),
  );
  thread.on('message', (told: Told) => {
    if (told.kind === 'agreed') agreed = told;
    if (told.kind === 'data') sink.take(told.bytes);
    if (told.kind === 'end') resolve(undefined);
    if (told.kind === 'failed') resolve(failureOf(told.message, agreed !== undefined));
  });
  thread.on('error', (error) =>
    resolve({ kind: 'refused', detail: `its answer is no TFTP: ${said(error)}` }),
  );
  thread.on('exit', () => resolve({ kind: 'stalled', detail: 'the client ended before the file did' }));
  const failure = await promise;
  deadline.cancel();
  await thread.terminate();
  return {
    ...nothingFetched,
    announced: agreed?.size,
    received: failure === undefined && !headerOnly ? sink.finish() : undefined,
    head: sink.head(),
    blocks: agreed === undefined ? undefined : { size: agreed.blockSize, window: agreed.windowSize },
    milliseconds: Math.round(clock.now() - began),
    failure,
  };
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The client's words: `Timed out`, `(Server) File not found`, or those of a system call. */
function failureOf(message: string, began: boolean): Failure {
  if (message === 'Timed out') {
    return { kind: began ? 'stalled' : 'silent', detail: began ? 'no more data came' : 'no answer came' };
  }
  const words = /^\(Server\) (.*)$/s.exec(message)?.[1];
  if (words !== undefined) return { kind: 'refused', detail: words };
  return { kind: 'connect', detail: message };
}
