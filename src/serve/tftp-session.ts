/** One client's request as the service keeps it, until its transfer has ended. */

import type { Timer } from '../clock.ts';
import type { Carriage } from '../lanes/lanes.ts';
import { type Peer, type TransferIdentifier, transferIdentifier } from '../lanes/peer.ts';
import type { TftpRequest } from '../tftp/packets.ts';
import type { Mac } from '../values/mac.ts';
import type { TftpPorts } from './tftp-ports.ts';
import type { Source } from './tftp-source.ts';

export interface Session {
  readonly key: TransferIdentifier;
  /** Those that it came in by, and goes out by. */
  readonly ports: TftpPorts;
  readonly peer: Peer;
  readonly request: TftpRequest;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** When its client first answered: whoever asked is there, and has what it asked for. Monotonic milliseconds. */
  answeredAt: number | undefined;
  mac: Mac | undefined;
  /** As it was asked for, then the name below the root once that is known; without control characters. */
  file: string;
  /** `opening`: the file is looked up. `carried`: a lane has it. `dropped`: a lane is told to leave it. `over`: nothing is held. */
  phase: 'opening' | 'carried' | 'dropped' | 'over';
  /** Its client has asked anew from the same port. */
  superseded: boolean;
  /** Calls off what happens when the file takes too long to open. */
  patience: Timer | undefined;
  source: Source | undefined;
  carriage: Carriage | undefined;
}

export function openSession(ports: TftpPorts, peer: Peer, request: TftpRequest, startedAt: number): Session {
  return {
    key: transferIdentifier(peer.client, peer.port),
    ports,
    peer,
    request,
    startedAt,
    answeredAt: undefined,
    mac: undefined,
    file: printable(request.file),
    phase: 'opening',
    patience: undefined,
    superseded: false,
    source: undefined,
    carriage: undefined,
  };
}

/** How long after a client's first answer a request of its may still be on the way that it sent before. */
const CROSSING_MS = 2000;

/**
 * Whether a request is one that the session answers already: its client was impatient while the file was looked up, or
 * the answer and the repetition crossed. Begun anew under a client that goes on, the first blocks would arrive twice, and
 * some clients write them twice. Later, it is a machine that was reset and uses the same port again; and who asks another of
 * our addresses is no longer waiting for this one.
 */
export function isAnswered(session: Session, peer: Peer, request: TftpRequest, now: number): boolean {
  const { phase, answeredAt } = session;
  if (peer.local !== session.peer.local) return false;
  const inTime =
    phase === 'opening' ||
    (phase === 'carried' && answeredAt !== undefined && now - answeredAt < CROSSING_MS);
  return inTime && JSON.stringify(session.request) === JSON.stringify(request);
}

/** Text of a client for people: at most 256 characters, controls shown as `?`. */
export function printable(text: string): string {
  return text.slice(0, 256).replaceAll(/\p{Cc}/gu, '?');
}
