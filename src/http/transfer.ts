/** What HTTP tells the journal of each boot file and script that was asked for. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Requester } from '../content/resolver.ts';
import type { Journal, TransferRecord } from '../journal/record.ts';
import { plainAddress } from './address.ts';

/** The ends of a connection and what is asked over it. */
export interface HttpClient {
  /** Dotted decimal, or an IPv6 address. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Where it came in, known of link-local addresses only. */
  readonly nic?: string | undefined;
  /** Decoded once, without the leading `/boot/`; for a script: `ipxe`. */
  readonly path: string;
}

export interface TransferDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly requester: (client: HttpClient) => Requester;
}

/** One request for a file or a script, under way. */
export interface Transfer {
  readonly client: HttpClient;
  readonly requester: Requester;
  /** Writes the one record of this transfer. */
  tell(event: TransferRecord['event'], more?: Partial<TransferRecord>): void;
}

export function beginTransfer(deps: TransferDeps, request: FastifyRequest, path: string): Transfer {
  const { address: remoteAddress, nic } = plainAddress(request.socket.remoteAddress ?? '');
  const { address: localAddress } = plainAddress(request.socket.localAddress ?? '');
  const client: HttpClient = { remoteAddress, localAddress, nic, path };
  const requester = deps.requester(client);
  const startedAt = deps.clock.now();
  return {
    client,
    requester,
    tell(event, more = {}) {
      deps.journal.write({
        kind: 'transfer',
        at: deps.clock.wall(),
        mac: requester.mac,
        ...(nic === undefined ? {} : { nic }),
        protocol: 'http',
        event,
        client: client.remoteAddress,
        file: path,
        milliseconds: Math.round(deps.clock.now() - startedAt),
        ...more,
      });
    },
  };
}
