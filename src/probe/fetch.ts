/** Fetches files as the client that is played would, and tells what is out of order with the way to them. */
import { isIPv4 } from 'node:net';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Client } from './client.ts';
import { BLOCKS, type Blocks, SMALL_BLOCKS } from './fetch-tftp.ts';
import type { Failure, Fetched } from './fetched.ts';
import { type Finding, finding } from './findings.ts';
import { judgeFailure, largeBlocksLost } from './judge-file.ts';
import type { Place } from './place.ts';
import { placeBeside } from './place.ts';

interface TftpHow {
  readonly dns: readonly Ipv4[];
  readonly blocks: Blocks;
  readonly headerOnly: boolean;
}

/** How files are fetched. None of them rejects. */
export interface Fetchers {
  tftp(place: Place, how: TftpHow): Promise<Fetched>;
  http(place: Place, how: { readonly dns: readonly Ipv4[]; readonly headerOnly: boolean }): Promise<Fetched>;
}

/** By whom files are fetched. */
export interface Standpoint {
  readonly client: Client;
  /** DNS servers of the offer. */
  readonly dns: readonly Ipv4[];
  readonly fetchers: Fetchers;
}

export interface Delivery {
  /** Where it was in the end: redirections followed. */
  readonly place: Place;
  readonly fetched: Fetched;
  /** About the way; empty when it came as it should. */
  readonly findings: readonly Finding[];
}

/** `headerOnly`: it is enough to know that the file is there, and how large it is. */
export async function fetchFile(place: Place, at: Standpoint, headerOnly: boolean): Promise<Delivery> {
  if (!isIPv4(place.host) && at.dns.length === 0)
    return { place, fetched: NOT_TRIED, findings: [noDns(place)] };
  return place.protocol === 'tftp'
    ? byTftp(place, at, headerOnly)
    : byHttp(place, at, headerOnly, LONGEST_REDIRECTION);
}

const NOT_TRIED: Fetched = {
  announced: undefined,
  received: undefined,
  head: new Uint8Array(),
  blocks: undefined,
  status: undefined,
  milliseconds: 0,
  failure: { kind: 'name', detail: 'no DNS server' },
};

function noDns({ host, url }: Place): Finding {
  return finding(
    'NO_DNS',
    `${url} names ${host}, and the offer has no DNS server (option 6)`,
    'Add a DNS server to the offer, or write an address into the URL.',
  );
}

async function byTftp(place: Place, at: Standpoint, headerOnly: boolean): Promise<Delivery> {
  const blocks = BLOCKS[at.client.kind];
  const fetched = await at.fetchers.tftp(place, { dns: at.dns, blocks, headerOnly });
  const { failure } = fetched;
  if (failure === undefined) return { place, fetched, findings: [] };
  // The answer to the request came, and no block after it: is it their size?
  if (failure.kind === 'stalled' && fetched.head.length === 0 && !headerOnly) {
    const small = await at.fetchers.tftp(place, { dns: at.dns, blocks: SMALL_BLOCKS, headerOnly });
    const size = fetched.blocks?.size ?? blocks.size;
    if (small.failure === undefined) {
      return { place, fetched: small, findings: [largeBlocksLost(place, size)] };
    }
  }
  return { place, fetched, findings: [judgeFailure(place, failure)] };
}

const LONGEST_REDIRECTION = 5;

async function byHttp(place: Place, at: Standpoint, headerOnly: boolean, more: number): Promise<Delivery> {
  const fetched = await at.fetchers.http(place, { dns: at.dns, headerOnly });
  const { failure } = fetched;
  if (failure === undefined) return { place, fetched, findings: [] };
  const onward = failure.kind === 'redirect' && more > 0 ? placeBeside(failure.detail, place) : undefined;
  if (onward === undefined || 'fault' in onward || onward.protocol === 'tftp') {
    return { place, fetched, findings: [asError(judgeFailure(place, failure), failure)] };
  }
  const delivered = await byHttp(onward, at, headerOnly, more - 1);
  // iPXE goes where it is sent; firmware's HTTP Boot does not always.
  const told = at.client.kind === 'ipxe' ? [] : [judgeFailure(place, failure)];
  return { ...delivered, findings: [...told, ...delivered.findings] };
}

/** A redirection that leads nowhere is no mere warning. */
function asError(found: Finding, { kind }: Failure): Finding {
  return kind === 'redirect' ? { ...found, severity: 'error' } : found;
}
