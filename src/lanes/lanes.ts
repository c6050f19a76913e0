/**
 * Lanes: threads that carry TFTP transfers, so that no transfer waits for DHCP, YAML or JavaScript's event loop, nor any of
 * those for a transfer. A transfer belongs to one lane, by the client's address and port. lane-thread.ts is the other end.
 *
 * There are half as many as CPUs: a lane that has work fills one, and clients, DHCP and the kernel have need of the others.
 * With more, each answers smaller batches and compiles its own code: sixteen lock-step clients on two CPUs got 108 MiB/s of
 * one lane for 5.6 CPU seconds a GiB, 103 of two for 7.4, 98 of four for 8.5. (Threads of C gain by it: 115 with one, 120
 * with four.)
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { socketFor } from '../net/steering.ts';
import type { Bell, IpVersion, Memory, Nic, ThreadNetwork } from '../net/udp.ts';
import type { Terms } from '../tftp/negotiate.ts';
import type { Cargo, LaneData, Order, Progress, Report } from './messages.ts';
import type { Peer } from './peer.ts';

export type { Cargo, Progress };

/** What a port tells its owner. */
export interface PortEvents {
  onRequest(peer: Peer, bytes: Uint8Array): void;
  onMalformed(peer: Peer, code: string, detail: string): void;
  /** A datagram that the kernel refused to send, by the errno's name. */
  onUnsent(code: string): void;
}

/** What becomes of a transfer. */
export interface TransferEvents {
  onStarted(): void;
  onProgress(progress: Progress): void;
  /** The last; the bytes are used no more. */
  onEnded(
    result: Extract<Report, { kind: 'ended' }>['result'],
    detail: string | undefined,
    progress: Progress,
  ): void;
  /** Asks for a piece by put(); those before the one before it are used no more. */
  onWanted(piece: number): void;
}

export interface Carriage {
  put(piece: number, memory: Memory): void;
  /** Ends without a word to the client; onEnded follows. */
  drop(): void;
}

export interface LanePort {
  readonly port: number;
  /** The bytes must stay until onEnded. */
  carry(peer: Peer, terms: Terms, cargo: Cargo, events: TransferEvents): Carriage;
  /** Sends a packet that belongs to no transfer. */
  answer(peer: Peer, bytes: Uint8Array): void;
  /** Transfers under way are dropped. When it returns, no lane uses the socket or any bytes. Idempotent. */
  close(): void;
}

export interface WantedPort {
  readonly nic: Nic;
  readonly version: IpVersion;
  /** 0: any free port. */
  readonly port: number;
  /** Whether requests come to this port too. */
  readonly requests: boolean;
}

export interface Lanes {
  /** Throws NetError. */
  open(wanted: WantedPort, events: PortEvents): LanePort;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Above this, lanes only cost memory. */
const MOST_LANES = 8;
/** How long a lane may take to let a socket go; it is in the middle of a batch at most. */
const CLOSE_MS = 2000;

export function laneCount(cpus: number = availableParallelism()): number {
  return Math.max(1, Math.min(MOST_LANES, Math.floor(cpus / 2)));
}

interface Lane {
  order(order: Order): void;
  /** Waits until every `close` ordered so far is carried out. */
  settle(): void;
  end(): Promise<void>;
}

export function startLanes(network: ThreadNetwork, count: number = laneCount()): Lanes {
  const ports = new Map<number, PortEvents>();
  const transfers = new Map<number, TransferEvents>();
  const lanes = Array.from({ length: count }, () => startLane(network.bell(), hear));
  let numbers = 0;

  function hear(report: Report): void {
    if ('socket' in report) {
      const port = ports.get(report.socket);
      if (report.kind === 'request') port?.onRequest(report.peer, report.bytes);
      else if (report.kind === 'malformed') port?.onMalformed(report.peer, report.code, report.detail);
      else port?.onUnsent(report.code);
      return;
    }
    const events = transfers.get(report.transfer);
    if (report.kind === 'ended') transfers.delete(report.transfer);
    if (report.kind === 'started') events?.onStarted();
    else if (report.kind === 'progress') events?.onProgress(report.progress);
    else if (report.kind === 'wanted') events?.onWanted(report.piece);
    else events?.onEnded(report.result, report.detail, report.progress);
  }

  return {
    open({ nic, version, port, requests }, events) {
      // A port of a known number stays one socket's, and one lane's: see openSharedPort().
      const shared = network.openShared(version, nic, port, port === 0 ? count : 1);
      const socket = ++numbers;
      const own = new Set<number>();
      let closed = false;
      ports.set(socket, events);
      for (const [index, fd] of shared.descriptors.entries())
        lanes[index]?.order({ kind: 'open', socket, fd, version, nic: nic.name, requests });
      const laneOf = ({ client, port: from }: Peer) =>
        lanes[socketFor(client, from, shared.descriptors.length)] as Lane;
      return {
        port: shared.port,
        carry(peer, terms, cargo, events) {
          const transfer = ++numbers;
          const lane = laneOf(peer);
          own.add(transfer);
          transfers.set(transfer, {
            ...events,
            onEnded(result, detail, progress) {
              own.delete(transfer);
              events.onEnded(result, detail, progress);
            },
          });
          lane.order({ kind: 'begin', socket, transfer, peer, terms, cargo });
          return {
            put: (piece, memory) => lane.order({ kind: 'piece', transfer, piece, memory }),
            drop: () => lane.order({ kind: 'drop', transfer }),
          };
        },
        answer: (peer, bytes) => laneOf(peer).order({ kind: 'answer', socket, peer, bytes }),
        close() {
          if (closed) return;
          closed = true;
          for (const lane of lanes) lane.order({ kind: 'close', socket });
          for (const lane of lanes) lane.settle();
          ports.delete(socket);
          shared.close();
          for (const transfer of own) {
            const events = transfers.get(transfer);
            transfers.delete(transfer);
            events?.onEnded('dropped', undefined, { bytes: 0, resent: 0 });
          }
        },
      };
    },
    close: async () => void (await Promise.all(lanes.map((lane) => lane.end()))),
  };
}

function startLane(bell: Bell, hear: (report: Report) => void): Lane {
  const closed = new Int32Array(new SharedArrayBuffer(4));
  const workerData: LaneData = { bell: bell.fd, closed: closed.buffer };
  const thread = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  let alive = true;
  let closes = 0;
  thread.on('message', hear);
  thread.once('exit', () => {
    alive = false;
  });
  // A fault of ours, not of a client: it ends the process like any other that nobody caught.
  thread.on('error', (error) => {
    throw new Error('a thread that carries transfers has ended', { cause: error });
  });

  function order(said: Order): void {
    if (said.kind === 'close') closes++;
    thread.postMessage(said);
    bell.ring();
  }

  return {
    order,
    settle() {
      const deadline = performance.now() + CLOSE_MS;
      for (;;) {
        const done = Atomics.load(closed, 0);
        const left = deadline - performance.now();
        if (done >= closes || left <= 0 || !alive) return;
        Atomics.wait(closed, 0, done, left);
      }
    },
    async end() {
      order({ kind: 'end' });
      await ended;
      bell.close();
    },
  };
}
