/**
 * The TFTP service on one NIC: requests on port 69, and one transfer socket for all transfers, which are told apart by
 * the client's address and port. Each batch that arrives is walked through the state machines and answered by one
 * batch; the files' bytes are sent from where they lie.
 */
import type { TftpPolicy } from '../config/model.ts';
import type { ContentResolver, Requester } from '../content/resolver.ts';
import type { Journal } from '../journal/record.ts';
import type { Datagram, Network, Nic, UdpSocket } from '../net/udp.ts';
import { blockSizeFor, type Limits, negotiate } from '../tftp/negotiate.ts';
import {
  decodeTftp,
  ERROR,
  encodeError,
  encodeOack,
  type TftpAck,
  type TftpError,
  type TftpRequest,
} from '../tftp/packets.ts';
import { begin, type Step, step, type TransferEffect } from '../tftp/transfer.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import type { Clock, Timer } from './clock.ts';
import { openBody } from './tftp-body.ts';
import { lookUp, REFUSAL, type Refusal } from './tftp-lookup.ts';
import { createOutbox } from './tftp-outbox.ts';
import { createPlaces } from './tftp-places.ts';
import { createTftpRecords } from './tftp-records.ts';
import { isSameRequest, openSession, type Session, sessionKey } from './tftp-session.ts';
import { openTftpSockets, SLOT_SIZE } from './tftp-sockets.ts';

export interface TftpServiceOptions {
  readonly network: Network;
  readonly nic: Nic;
  readonly config: TftpPolicy;
  readonly resolver: ContentResolver;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Who asks; `path` as the client wrote it, `localAddress` is the one it asked. */
  readonly requester: (source: Ipv4, path: string, localAddress: Ipv4) => Requester;
  /** Where requests come in; 69 unless a test says otherwise. 0: any free port. */
  readonly port?: number | undefined;
}

export interface TftpService {
  /** The port that takes requests. */
  readonly port: number;
  readonly transferPort: number;
  /** Transfers under way, for metrics. */
  active(): number;
  /** Closes sockets and files; transfers under way end unanswered. Idempotent. */
  close(): void;
}

const TFTP_PORT = 69;
/** How late a timeout may be noticed. */
const SWEEP_MS = 20;
/** How long the end of a transfer is remembered, so that a late duplicate of its last ACK is not answered by an error. */
const LINGER_MS = 2000;
/** How long a file may take to open. */
const OPEN_MS = 60_000;

/** Opens the sockets. Throws NetError. */
export function createTftpService(options: TftpServiceOptions): TftpService {
  const { network, nic, config, resolver, clock } = options;
  const { maxTransfers } = config;
  const limits: Limits = {
    maxBlockSize: blockSizeFor(nic.mtu, config.maxBlockSize),
    maxWindow: config.maxWindow,
  };
  const records = createTftpRecords(options.journal, clock, nic);
  const outbox = createOutbox(
    () => transfers,
    (code) => records.warn(`TFTP cannot send on ${nic.name}: ${code}`),
  );
  const sessions = new Map<number, Session>();
  const places = createPlaces(maxTransfers);
  let sweep: Timer | undefined;
  const sockets = openTftpSockets({
    network,
    nic,
    port: options.port ?? TFTP_PORT,
    transferPort: config.transferPort,
    onReceive,
  });
  const { requests, transfers } = sockets;

  function onReceive(batch: readonly Datagram[], socket: UdpSocket): void {
    const now = clock.now();
    for (const datagram of batch) receive(datagram, socket, now);
    outbox.flush();
  }

  function receive(datagram: Datagram, socket: UdpSocket, now: number): void {
    const packet = decodeTftp(datagram.data);
    if (datagram.truncated) {
      records.malformed(datagram, socket, 'TOO_LONG', `more than ${SLOT_SIZE} bytes`);
    } else if (packet.kind === 'malformed') {
      records.malformed(datagram, socket, packet.code, packet.detail);
    } else if (datagram.destination !== datagram.localAddress) {
      // RFC 1123 §4.2.3.5 says to ignore requests to a broadcast address; nothing else belongs there either.
      const detail = `${packet.kind} to ${formatIpv4(datagram.destination)}`;
      records.malformed(datagram, socket, 'BROADCAST', detail);
    } else if (socket === transfers && (packet.kind === 'ack' || packet.kind === 'error')) {
      onReply(datagram, packet, now);
    } else if (socket === requests && (packet.kind === 'rrq' || packet.kind === 'wrq')) {
      onRequest(datagram, packet, now);
    } else {
      const detail = `${packet.kind} does not belong to port ${socket.port}`;
      records.malformed(datagram, socket, 'MISPLACED', detail);
    }
  }

  function onReply(datagram: Datagram, packet: TftpAck | TftpError, now: number): void {
    const session = sessions.get(sessionKey(datagram.source, datagram.sourcePort));
    if (session?.phase === 'over') return;
    if (session?.transfer !== undefined) {
      apply(session, step(session.transfer, packet, now), now);
    } else if (session === undefined && packet.kind !== 'error') {
      // An error is never answered by an error.
      const peer = { client: datagram.source, port: datagram.sourcePort, local: datagram.localAddress };
      outbox.packet(peer, encodeError(ERROR.unknownTransferId, 'unknown transfer'));
    }
  }

  function onRequest(datagram: Datagram, request: TftpRequest, now: number): void {
    const key = sessionKey(datagram.source, datagram.sourcePort);
    const earlier = sessions.get(key);
    // An impatient client: the answer is under way.
    if (earlier?.phase === 'opening' && isSameRequest(earlier.request, request)) return;
    if (earlier !== undefined) supersede(earlier);
    if (!hasPlace(datagram.source)) return;
    const session = openSession({
      client: datagram.source,
      port: datagram.sourcePort,
      local: datagram.localAddress,
      request,
      startedAt: now,
      deadline: now + OPEN_MS,
    });
    sessions.set(key, session);
    sweep ??= clock.every(`TFTP timeouts on ${nic.name}`, SWEEP_MS, onSweep);
    start(session).catch((error: unknown) => {
      if (isLive(session))
        refuse(session, {
          ...REFUSAL.broken,
          detail: error instanceof Error ? error.message : String(error),
        });
    });
  }

  /** Takes a place for a transfer. Beyond the limits there is silence, and the client asks again. */
  function hasPlace(client: Ipv4): boolean {
    const admission = places.take(client);
    if (admission === 'full') {
      records.warn(`${maxTransfers} TFTP transfers are under way on ${nic.name}: others have to wait`);
    } else if (admission === 'share') {
      const whose = `${places.share} TFTP transfers of ${formatIpv4(client)} are under way on ${nic.name}`;
      records.warn(`${whose}: its others have to wait`);
    }
    return admission === 'taken';
  }

  /** A client that asks again from the same port has given up what it asked for before. */
  function supersede(earlier: Session): void {
    if (earlier.transfer !== undefined && earlier.transfer.acked > 0 && earlier.phase === 'running') {
      records.transfer(earlier, 'aborted', 'the client asked anew');
    }
    forget(earlier);
  }

  /** Looks the file up and begins; everything that can fail on the way is told to the client and the journal. */
  async function start(session: Session): Promise<void> {
    const { request } = session;
    const who = options.requester(session.client, request.file, session.local);
    session.mac = who.mac;
    const found = await lookUp(resolver, request, who);
    if ('refusal' in found) {
      if (isLive(session)) refuse(session, found.refusal);
      return;
    }
    const { opened, mode } = found;
    session.file = found.name;
    const opening = isLive(session)
      ? openBody({
          opened,
          mode,
          pin: network.pin,
          negotiate: (size) => negotiate(request.options, size, limits),
          onReady: () => resume(session),
          onBroken: (detail) => refuse(session, { ...REFUSAL.broken, detail }),
        })
      : undefined;
    if (opening === undefined) {
      opened.close();
      if (isLive(session)) refuse(session, REFUSAL.tooLarge);
      return;
    }
    session.body = opening.body;
    session.phase = 'running';
    const now = clock.now();
    apply(session, begin(opening.terms, opening.body.size, now), now);
    outbox.flushSoon();
  }

  /** False once the session was superseded or ended while something was awaited. */
  function isLive(session: Session): boolean {
    return session.phase !== 'over' && sessions.get(sessionKey(session.client, session.port)) === session;
  }

  function refuse(session: Session, { event, code, text, detail = text }: Refusal): void {
    records.transfer(session, event, detail);
    outbox.packet(session, encodeError(code, text));
    outbox.flushSoon();
    forget(session);
  }

  function apply(session: Session, next: Step, now: number): void {
    session.transfer = next.state;
    session.deadline = next.state.deadline;
    for (const effect of next.effects) perform(session, effect, now);
  }

  function perform(session: Session, effect: TransferEffect, now: number): void {
    switch (effect.kind) {
      case 'send-data':
        sendBlocks(session, effect.first, effect.count);
        break;
      case 'send-oack':
        outbox.packet(session, encodeOack(session.transfer?.terms.oack ?? []));
        break;
      case 'send-error':
        outbox.packet(session, encodeError(effect.code, effect.message));
        break;
      case 'started':
        records.transfer(session, 'start', describeTerms(session));
        break;
      case 'finish':
        records.transfer(session, effect.result, effect.detail);
        end(session);
        session.deadline = now + LINGER_MS;
        break;
    }
  }

  function sendBlocks(session: Session, first: number, count: number): void {
    const { body, transfer } = session;
    if (body === undefined || transfer === undefined) return;
    session.waiting = undefined;
    const { blockSize } = transfer.terms;
    const lockStep = transfer.terms.windowSize === 1;
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

  /** The disk delivered what a transfer waits for. */
  function resume(session: Session): void {
    if (session.waiting === undefined) return;
    sendBlocks(session, session.waiting.first, session.waiting.count);
    outbox.flushSoon();
  }

  function onSweep(): void {
    const now = clock.now();
    for (const session of sessions.values()) {
      if (now < session.deadline) continue;
      if (session.phase === 'over') forget(session);
      else if (session.transfer === undefined)
        refuse(session, { ...REFUSAL.broken, detail: 'it took too long to open' });
      else apply(session, step(session.transfer, { kind: 'timeout' }, now), now);
    }
    outbox.flush();
    if (sessions.size > 0) return;
    sweep?.cancel();
    sweep = undefined;
  }

  /** Gives back what a transfer held; its memory for late duplicates stays. */
  function end(session: Session): void {
    if (session.phase === 'over') return;
    session.phase = 'over';
    session.waiting = undefined;
    session.body?.close();
    session.body = undefined;
    places.free(session.client);
  }

  function forget(session: Session): void {
    end(session);
    sessions.delete(sessionKey(session.client, session.port));
  }

  return {
    port: requests.port,
    transferPort: transfers.port,
    active: places.taken,
    close() {
      sweep?.cancel();
      for (const session of sessions.values()) forget(session);
      sockets.close();
    },
  };
}

function describeTerms(session: Session): string {
  const terms = session.transfer?.terms;
  return `blksize ${terms?.blockSize}, windowsize ${terms?.windowSize}`;
}
