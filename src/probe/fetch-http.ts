/** Fetches a file by HTTP as firmware does: by the DNS servers of its offer, and without following where it is sent. */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../clock.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { type Failure, type Fetched, nothingFetched } from './fetched.ts';
import type { Place } from './place.ts';
import { addressOf } from './resolve.ts';
import { createSink } from './sink.ts';

export interface HttpFetchOptions {
  readonly clock: Clock;
  /** Asked for the host's name; the machine has no others. */
  readonly dns: readonly Ipv4[];
  readonly headerOnly: boolean;
}

/** Without a byte for so long, nothing will come. */
const IDLE_MS = 10_000;
const DEADLINE_MS = 300_000;

/** Never rejects: what goes wrong is in the result. */
export async function fetchHttp(place: Place, options: HttpFetchOptions): Promise<Fetched> {
  const { clock, dns } = options;
  const began = clock.now();
  const address = await addressOf(place.host, dns, clock);
  const fetched =
    typeof address === 'string'
      ? await get(place, address, options)
      : { ...nothingFetched, failure: address };
  return { ...fetched, milliseconds: Math.round(clock.now() - began) };
}

const said = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

type Outcome = Omit<Fetched, 'milliseconds'>;

function get(place: Place, address: string, { clock, headerOnly }: HttpFetchOptions): Promise<Outcome> {
  const sink = createSink();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let response: IncomingMessage | undefined;
  const end = (failure: Failure | undefined, complete: boolean): void =>
    resolve({
      ...nothingFetched,
      announced: lengthOf(response),
      received: complete ? sink.finish() : undefined,
      head: sink.head(),
      status: response?.statusCode,
      failure,
    });
  const sent = begin(place, address, (answer) => {
    response = answer;
    const { statusCode = 0, headers } = answer;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      end({ kind: 'redirect', detail: headers.location }, false);
    } else if (statusCode !== 200) {
      end({ kind: 'refused', detail: `${statusCode} ${answer.statusMessage ?? ''}`.trim() }, false);
    } else if (headerOnly) {
      end(undefined, false);
    }
    answer.on('data', (bytes: Uint8Array) => sink.take(bytes));
    answer.on('end', () => end(undefined, true));
    answer.on('error', (error) => end({ kind: 'stalled', detail: said(error) }, false));
  });
  const stalled = (): Failure =>
    response === undefined
      ? { kind: 'silent', detail: 'no answer came' }
      : { kind: 'stalled', detail: 'no more data came' };
  sent.setTimeout(IDLE_MS, () => end(stalled(), false));
  sent.on('error', (error) =>
    end({ kind: response === undefined ? 'connect' : 'stalled', detail: said(error) }, false),
  );
  sent.end();
  const deadline = clock.after('probe http', DEADLINE_MS, () => end(stalled(), false));
  return promise.finally(() => {
    deadline.cancel();
    sent.destroy();
  });
}

function begin(place: Place, address: string, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
  const options = {
    host: address,
    port: place.port,
    path: place.path,
    // One answer is all that is wanted.
    agent: false,
    headers: { host: new URL(place.url).host, 'user-agent': 'pilotlight-probe' },
  } as const;
  // Firmware trusts only certificates that somebody enrolled in it; whether this one is among them cannot be seen here.
  return place.protocol === 'https'
    ? requestHttps({ ...options, servername: place.host, rejectUnauthorized: false }, onAnswer)
    : requestHttp(options, onAnswer);
}

function lengthOf(response: IncomingMessage | undefined): number | undefined {
  const text = response?.headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
