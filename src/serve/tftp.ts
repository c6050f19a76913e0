/**
 * The TFTP service on one NIC, over IPv4 and IPv6: takes requests, looks files up, and hands each transfer to a lane, which
 * carries it to its end. What becomes of it is told here and recorded.
 */

import type { Clock } from '../clock.ts';
import type { TftpPolicy } from '../config/model.ts';
import type { ContentResolver, Requester } from '../content/resolver.ts';
import type { Journal } from '../journal/record.ts';
import type { Lanes, TransferEvents } from '../lanes/lanes.ts';
import { type Peer, type TransferIdentifier, transferIdentifier } from '../lanes/peer.ts';
import type { IpVersion, Ipv6Network, Network, Nic } from '../net/udp.ts';
import { blockSizeFor, negotiate, type Terms } from '../tftp/negotiate.ts';
import { encodeError, type TftpRequest } from '../tftp/packets.ts';
import { formatIp, type IpAddress } from '../values/ip.ts';
import { lookUp, REFUSAL, type Refusal } from './tftp-lookup.ts';
import { createPlaces } from './tftp-places.ts';
import { openTftpPorts, type TftpPorts } from './tftp-ports.ts';
import { createTftpRecords } from './tftp-records.ts';
import { isAnswered, openSession, type Session } from './tftp-session.ts';
import { createOpenSource, type Source } from './tftp-source.ts';
import { createTurns } from './turns.ts';

export interface TftpServiceOptions {
  readonly network: Network & Ipv6Network;
  readonly lanes: Lanes;
  readonly nic: Nic;
  /** IPv4, and IPv6 where this process has it. */
  readonly versions: readonly IpVersion[];
  readonly config: TftpPolicy;
  readonly resolver: ContentResolver;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Who asks; `path` as the client wrote it, `localAddress` is the one it asked. */
  readonly requester: (source: IpAddress, path: string, localAddress: IpAddress, nic: Nic) => Requester;
  /** Where requests come in; 69 unless a test says otherwise. 0: any free port. */
  readonly port?: number | undefined;
}

export interface TftpService {
  /** One for each version, in their order. */
  readonly ports: readonly TftpPorts[];
  /** Transfers under way, for metrics. */
  active(): number;
  /** Closes sockets and files; transfers under way end unanswered. Idempotent. */
  close(): void;
}

export const TFTP_PORT = 69;
/** Requests looked at before others of this process have their turn: a rack that boots sends hundreds at once. */
const TURN = 8;
/** Requests that wait for theirs. Beyond it there is silence, and the clients ask again. */
const WAITING = 4096;
/** How long a client may owe its answer where others wait for its place: as long as until it is reminded. */
const ANSWER_MS = 1000;
/** How long a file may take to open. */
const OPEN_MS = 60_000;

/** Opens the sockets. Throws NetError. */
export function createTftpService(options: TftpServiceOptions): TftpService {
  const { network, lanes, nic, config, resolver, clock } = options;
  const { maxTransfers, maxWindow, transferPort } = config;
  const records = createTftpRecords(options.journal, clock, nic);
  const sessions = new Map<TransferIdentifier, Session>();
  /** Those whose client has not been heard since it asked, the oldest first. */
  const unanswered = new Set<Session>();
  const places = createPlaces(maxTransfers);
  const openSource = createOpenSource(network.pin);
  const turns = createTurns(TURN, WAITING);
  // All who wait for one file have it in the same moment. They are no more than there are places.
  const handovers = createTurns(TURN, Number.POSITIVE_INFINITY);
  const port = options.port ?? TFTP_PORT;
  const ports: TftpPorts[] = [];
  try {
    for (const version of options.versions) {
      ports.push(
        openTftpPorts(
          { network, lanes, nic, version, port, transferPort },
          {
            onRequest: (...request) => turns.add(() => onRequest(...request)),
            onMalformed: records.malformed,
            onUnsent: (code) => records.warn(`TFTP cannot send on ${nic.name}: ${code}`),
          },
        ),
      );
    }
  } catch (error) {
    for (const each of ports) each.close();
    throw error;
  }

  function onRequest(peer: Peer, request: TftpRequest, from: TftpPorts): void {
    const earlier = sessions.get(transferIdentifier(peer.client, peer.port));
    if (earlier !== undefined) {
      if (isAnswered(earlier, peer, request, clock.now())) return;
      supersede(earlier);
    }
    if (!hasPlace(peer.client)) return;
    const session = openSession(from, peer, request, clock.now());
    sessions.set(session.key, session);
    unanswered.add(session);
    session.patience = clock.after(`a TFTP file on ${nic.name}`, OPEN_MS, () =>
      refuse(session, { ...REFUSAL.broken, detail: 'it took too long to open' }),
    );
    start(session).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      if (session.phase === 'opening') refuse(session, { ...REFUSAL.broken, detail });
    });
  }

  /** Takes a place for a transfer. Beyond the limits there is silence, and the client asks again. */
  function hasPlace(client: IpAddress): boolean {
    if (places.taken() >= maxTransfers) yieldOne();
    const admission = places.take(client);
    if (admission === 'full') {
      records.warn(`${maxTransfers} TFTP transfers are under way on ${nic.name}: others have to wait`);
    } else if (admission === 'share') {
      const whose = `${places.share} TFTP transfers of ${formatIp(client)} are under way on ${nic.name}`;
      records.warn(`${whose}: its others have to wait`);
    }
    return admission === 'taken';
  }

  /** A forged request holds its place no longer than somebody else needs it. */
  function yieldOne(): void {
    const [oldest] = unanswered;
    if (oldest !== undefined && clock.now() - oldest.startedAt >= ANSWER_MS) end(oldest);
  }

  /** A client that asks again from the same port has given up what it asked for before. */
  function supersede(earlier: Session): void {
    earlier.superseded = true;
    end(earlier);
  }

  /** Looks the file up and hands it over; everything that can fail on the way is told to the client and the journal. */
  async function start(session: Session): Promise<void> {
    const { request, peer } = session;
    const who = options.requester(peer.client, request.file, peer.local, nic);
    session.mac = who.mac;
    const found = await lookUp(resolver, request, who);
    if ('refusal' in found) {
      if (session.phase === 'opening') refuse(session, found.refusal);
      return;
    }
    const { opened, mode } = found;
    session.file = found.name;
    const source = session.phase === 'opening' ? openSource(opened, mode) : undefined;
    if (source === undefined) {
      opened.close();
      if (session.phase === 'opening') refuse(session, REFUSAL.tooLarge);
      return;
    }
    session.patience?.cancel();
    session.source = source;
    handovers.add(() => carry(session, source));
  }

  /** Gives the transfer to a lane, unless it was given up meanwhile. */
  function carry(session: Session, source: Source): void {
    if (session.phase !== 'opening') return;
    const { request, peer, ports } = session;
    const maxBlockSize = blockSizeFor(nic.mtu, ports.version, config.maxBlockSize);
    const terms = negotiate(request.options, source.size, { maxBlockSize, maxWindow });
    session.phase = 'carried';
    session.carriage = ports.transfers.carry(
      peer,
      terms,
      source.cargo(terms, places.taken()),
      follow(session, terms),
    );
  }

  /** What a lane tells of a transfer. */
  function follow(session: Session, terms: Terms): TransferEvents {
    const live = () => session.phase === 'carried';
    return {
      onStarted() {
        if (!live()) return;
        session.answeredAt = clock.now();
        unanswered.delete(session);
        records.transfer(session, 'start', `blksize ${terms.blockSize}, windowsize ${terms.windowSize}`);
      },
      onProgress(progress) {
        if (live()) records.transfer(session, 'progress', undefined, progress);
      },
      onEnded(result, detail, progress) {
        if (result !== 'dropped') records.transfer(session, result, detail, progress);
        else if (session.superseded && progress.bytes > 0)
          records.transfer(session, 'aborted', 'the client asked anew', progress);
        finish(session);
      },
      onWanted(piece) {
        const { source, carriage } = session;
        if (!live() || source === undefined || carriage === undefined) return;
        source.feed(carriage, piece, (detail) => {
          if (live()) refuse(session, { ...REFUSAL.broken, detail });
        });
      },
    };
  }

  /** Tells the client and the journal why there is no file, or no more of it. */
  function refuse(session: Session, { event, code, text, detail = text }: Refusal): void {
    records.transfer(session, event, detail);
    session.ports.transfers.answer(session.peer, encodeError(code, text));
    end(session);
  }

  /** What a lane carries is finished when it says that it uses the bytes no more. */
  function end(session: Session): void {
    if (session.phase !== 'carried') {
      finish(session);
      return;
    }
    leave(session);
    session.phase = 'dropped';
    session.carriage?.drop();
  }

  /** Makes room for another transfer of this client. */
  function leave(session: Session): void {
    if (session.phase === 'dropped' || session.phase === 'over') return;
    places.free(session.peer.client);
    unanswered.delete(session);
    if (sessions.get(session.key) === session) sessions.delete(session.key);
  }

  /** Gives back what a transfer held. */
  function finish(session: Session): void {
    leave(session);
    session.phase = 'over';
    session.patience?.cancel();
    session.source?.close();
  }

  return {
    ports,
    active: places.taken,
    close() {
      turns.close();
      handovers.close();
      for (const each of ports) each.close();
      for (const session of sessions.values()) finish(session);
    },
  };
}
