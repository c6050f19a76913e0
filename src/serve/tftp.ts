/**
 * The TFTP service on one NIC: takes requests, looks files up, and hands each transfer to a lane, which carries it to its
 * end. What becomes of it is told here and recorded.
 */
import type { TftpPolicy } from '../config/model.ts';
import type { ContentResolver, Requester } from '../content/resolver.ts';
import type { Journal } from '../journal/record.ts';
import type { LanePort, Lanes, TransferEvents } from '../lanes/lanes.ts';
import { type Peer, transferIdentifier } from '../lanes/peer.ts';
import { misplaced, readReceived, SLOT_SIZE } from '../lanes/received.ts';
import type { Datagram, Network, Nic, UdpSocket } from '../net/udp.ts';
import { blockSizeFor, type Limits, negotiate, type Terms } from '../tftp/negotiate.ts';
import { decodeTftp, encodeError, type TftpRequest } from '../tftp/packets.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import type { Clock } from './clock.ts';
import { lookUp, REFUSAL, type Refusal } from './tftp-lookup.ts';
import { createPlaces } from './tftp-places.ts';
import { createTftpRecords } from './tftp-records.ts';
import { isSameRequest, openSession, type Session } from './tftp-session.ts';
import { openSource } from './tftp-source.ts';

export interface TftpServiceOptions {
  readonly network: Network;
  readonly lanes: Lanes;
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
  const sessions = new Map<number, Session>();
  const places = createPlaces(maxTransfers);
  const port = options.port ?? TFTP_PORT;
  // With one port for everything, the lanes take the requests too and pass them on.
  const single = config.transferPort !== 0 && config.transferPort === port;
  const requests = single ? undefined : network.open({ nic, port, slotSize: SLOT_SIZE, onReceive });
  const transfers = openTransfers();

  function openTransfers(): LanePort {
    try {
      return options.lanes.open(nic, config.transferPort, single, {
        onRequest(peer, bytes) {
          const request = decodeTftp(bytes);
          if (request.kind === 'rrq' || request.kind === 'wrq') onRequest(peer, request);
        },
        onMalformed: (peer, code, detail) => records.malformed(peer, transfers.port, code, detail),
        onUnsent: (code) => records.warn(`TFTP cannot send on ${nic.name}: ${code}`),
      });
    } catch (error) {
      requests?.close();
      throw error;
    }
  }

  function onReceive(batch: readonly Datagram[], socket: UdpSocket): void {
    for (const datagram of batch) {
      const peer = { client: datagram.source, port: datagram.sourcePort, local: datagram.localAddress };
      const packet = readReceived(datagram);
      if (packet.kind === 'rrq' || packet.kind === 'wrq') {
        onRequest(peer, packet);
      } else {
        const { code, detail } = packet.kind === 'malformed' ? packet : misplaced(packet);
        records.malformed(peer, socket.port, code, detail);
      }
    }
  }

  function onRequest(peer: Peer, request: TftpRequest): void {
    const earlier = sessions.get(transferIdentifier(peer.client, peer.port));
    // An impatient client: the answer is under way.
    if (earlier?.phase === 'opening' && isSameRequest(earlier.request, request)) return;
    if (earlier !== undefined) supersede(earlier);
    if (!hasPlace(peer.client)) return;
    const session = openSession(peer, request, clock.now());
    sessions.set(session.key, session);
    session.patience = clock.after(`a TFTP file on ${nic.name}`, OPEN_MS, () =>
      refuse(session, { ...REFUSAL.broken, detail: 'it took too long to open' }),
    );
    start(session).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      if (session.phase === 'opening') refuse(session, { ...REFUSAL.broken, detail });
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
    earlier.superseded = true;
    end(earlier);
  }

  /** Looks the file up and hands it over; everything that can fail on the way is told to the client and the journal. */
  async function start(session: Session): Promise<void> {
    const { request, peer } = session;
    const who = options.requester(peer.client, request.file, peer.local);
    session.mac = who.mac;
    const found = await lookUp(resolver, request, who);
    if ('refusal' in found) {
      if (session.phase === 'opening') refuse(session, found.refusal);
      return;
    }
    const { opened, mode } = found;
    session.file = found.name;
    const source = session.phase === 'opening' ? openSource(opened, mode, network.pin) : undefined;
    if (source === undefined) {
      opened.close();
      if (session.phase === 'opening') refuse(session, REFUSAL.tooLarge);
      return;
    }
    session.patience?.cancel();
    session.source = source;
    const terms = negotiate(request.options, source.size, limits);
    session.phase = 'carried';
    session.carriage = transfers.carry(peer, terms, source.cargo(terms.blockSize), follow(session, terms));
  }

  /** What a lane tells of a transfer. */
  function follow(session: Session, terms: Terms): TransferEvents {
    const live = () => session.phase === 'carried';
    return {
      onStarted() {
        if (live())
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
    transfers.answer(session.peer, encodeError(code, text));
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
    port: requests?.port ?? transfers.port,
    transferPort: transfers.port,
    active: places.taken,
    close() {
      requests?.close();
      transfers.close();
      for (const session of sessions.values()) finish(session);
    },
  };
}
