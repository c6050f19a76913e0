/**
 * The transfers of one socket, told apart by the client's address and port. Each batch that arrives is walked through the
 * state machines and answered by one batch; the files' bytes are sent from where they lie.
 */
import type { Datagram, Memory, Outgoing, SendResult } from '../net/udp.ts';
import { ERROR, encodeError, encodeOack, type TftpAck, type TftpError } from '../tftp/packets.ts';
import { begin, type Step, step, type TransferEffect, type TransferState } from '../tftp/transfer.ts';
import type { IpAddress } from '../values/ip.ts';
import { type Body, createBody } from './body.ts';
import type { Order, Progress, Report } from './messages.ts';
import { createOutbox } from './outbox.ts';
import { type Peer, type TransferIdentifier, transferIdentifier } from './peer.ts';
import { misplaced, readReceived } from './received.ts';

export interface CarrierOptions {
  readonly socket: number;
  /** Whether requests come to this socket too; they are reported. */
  readonly requests: boolean;
  readonly send: (batch: readonly Outgoing<IpAddress>[]) => SendResult;
  readonly report: (report: Report) => void;
}

/** `now`: milliseconds of one monotonic clock. */
export interface Carrier {
  receive(batch: readonly Datagram<IpAddress>[], now: number): void;
  begin(order: Extract<Order, { kind: 'begin' }>, now: number): void;
  /** Bytes that a transfer waits for. */
  put(transfer: number, piece: number, memory: Memory): void;
  drop(transfer: number, now: number): void;
  answer(peer: Peer, bytes: Uint8Array): void;
  /** Does what is due: timeouts, progress, forgetting. */
  sweep(now: number): void;
  /** Sends what begin(), put() and answer() left to be sent. */
  flush(): void;
  /** Transfers under way or remembered; without any, no sweep is needed. */
  sessions(): number;
}

/** How long the end of a transfer is remembered, so that a late duplicate of its last ACK is not answered by an error. */
const LINGER_MS = 2000;
/** How often a transfer's progress is told. */
const PROGRESS_MS = 1000;

/** One client's transfer, from its beginning to a little after its end. */
interface Session extends Peer {
  readonly id: number;
  readonly key: TransferIdentifier;
  state: TransferState;
  /** Undefined once it has ended. */
  body: Body | undefined;
  /** Blocks that wait for the disk. */
  waiting: { readonly first: number; readonly count: number } | undefined;
  /** When the sweep has something to do here. */
  deadline: number;
  /** When its progress is told next. */
  toldNext: number;
}

export function createCarrier({ socket, requests, send, report }: CarrierOptions): Carrier {
  const byKey = new Map<TransferIdentifier, Session>();
  const byId = new Map<number, Session>();
  const outbox = createOutbox(send, (code) => report({ kind: 'unsent', socket, code }));

  function receive(datagram: Datagram<IpAddress>, now: number): void {
    const packet = readReceived(datagram);
    if (packet.kind === 'ack' || packet.kind === 'error') {
      onReply(datagram, packet, now);
      return;
    }
    const { source: client, sourcePort: port, localAddress: local } = datagram;
    const peer = { client, port, local };
    if (requests && (packet.kind === 'rrq' || packet.kind === 'wrq')) {
      report({ kind: 'request', socket, peer, bytes: datagram.data.slice() });
    } else {
      const { code, detail } = packet.kind === 'malformed' ? packet : misplaced(packet);
      report({ kind: 'malformed', socket, peer, code, detail });
    }
  }

  function onReply(datagram: Datagram<IpAddress>, packet: TftpAck | TftpError, now: number): void {
    const { source: client, sourcePort: port, localAddress: local } = datagram;
    const session = byKey.get(transferIdentifier(client, port));
    if (session?.body !== undefined) {
      apply(session, step(session.state, packet, now), now);
    } else if (session === undefined && packet.kind !== 'error') {
      // An error is never answered by an error.
      outbox.packet({ client, port, local }, encodeError(ERROR.unknownTransferId, 'unknown transfer'));
    }
  }

  function apply(session: Session, next: Step, now: number): void {
    session.state = next.state;
    session.deadline = next.state.deadline;
    for (const effect of next.effects) perform(session, effect, now);
  }

  function perform(session: Session, effect: TransferEffect, now: number): void {
    switch (effect.kind) {
      case 'send-data':
        sendBlocks(session, effect.first, effect.count);
        break;
      case 'send-oack':
        outbox.packet(session, encodeOack(session.state.terms.oack));
        break;
      case 'send-error':
        outbox.packet(session, encodeError(effect.code, effect.message));
        break;
      case 'started':
        session.toldNext = now + PROGRESS_MS;
        report({ kind: 'started', transfer: session.id });
        break;
      case 'finish':
        end(session, effect.result, effect.detail);
        session.deadline = now + LINGER_MS;
        break;
    }
  }

  function sendBlocks(session: Session, first: number, count: number): void {
    const { body, state } = session;
    if (body === undefined) return;
    session.waiting = undefined;
    const { blockSize } = state.terms;
    const lockStep = state.terms.windowSize === 1;
    for (let block = first; block < first + count; block++) {
      const offset = (block - 1) * blockSize;
      const slice = body.slice(offset, Math.min(blockSize, body.size - offset));
      if (slice === undefined) {
        session.waiting = { first: block, count: first + count - block };
        return;
      }
      outbox.data(session, block, slice, lockStep);
    }
  }

  function progressOf({ state, body }: Session): Progress {
    const bytes = Math.min(state.acked * state.terms.blockSize, body?.size ?? 0);
    return { bytes, resent: state.resent };
  }

  /** The memory for late duplicates stays. */
  function end(
    session: Session,
    result: Extract<Report, { kind: 'ended' }>['result'],
    detail?: string | undefined,
  ): void {
    report({ kind: 'ended', transfer: session.id, result, detail, progress: progressOf(session) });
    byId.delete(session.id);
    session.body = undefined;
    session.waiting = undefined;
    session.toldNext = Number.POSITIVE_INFINITY;
  }

  return {
    receive(batch, now) {
      for (const datagram of batch) receive(datagram, now);
      outbox.flush();
    },
    begin({ transfer, peer, terms, cargo }, now) {
      const key = transferIdentifier(peer.client, peer.port);
      const first = begin(terms, cargo.size, now);
      const session: Session = {
        ...peer,
        id: transfer,
        key,
        state: first.state,
        body: createBody(cargo, (piece) => report({ kind: 'wanted', transfer, piece })),
        waiting: undefined,
        deadline: first.state.deadline,
        toldNext: Number.POSITIVE_INFINITY,
      };
      byKey.set(key, session);
      byId.set(transfer, session);
      apply(session, first, now);
    },
    put(transfer, piece, memory) {
      const session = byId.get(transfer);
      if (session === undefined) return;
      session.body?.put(piece, memory);
      if (session.waiting !== undefined) sendBlocks(session, session.waiting.first, session.waiting.count);
    },
    drop(transfer, now) {
      const session = byId.get(transfer);
      if (session === undefined) return;
      end(session, 'dropped');
      // What the client still says to it is not to be answered by an error, while it awaits the answer to what it asked anew.
      session.deadline = now + LINGER_MS;
    },
    answer: (peer, bytes) => outbox.packet(peer, bytes),
    sweep(now) {
      for (const session of byKey.values()) {
        if (now >= session.toldNext) {
          session.toldNext = now + PROGRESS_MS;
          report({ kind: 'progress', transfer: session.id, progress: progressOf(session) });
        }
        if (now < session.deadline) continue;
        if (session.body === undefined) byKey.delete(session.key);
        else apply(session, step(session.state, { kind: 'timeout' }, now), now);
      }
      outbox.flush();
    },
    flush: outbox.flush,
    sessions: () => byKey.size,
  };
}
