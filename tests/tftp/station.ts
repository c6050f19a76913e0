/** A TFTP service on the loopback NIC, or on one in a namespace, with a directory of its own, and a client that speaks packet by packet. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../src/clock.ts';
import { createContentResolver, type VirtualFiles } from '../../src/content/resolve.ts';
import type { JournalRecord, TransferRecord } from '../../src/journal/record.ts';
import { startLanes } from '../../src/lanes/lanes.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { createTftpService, type TftpServiceOptions } from '../../src/serve/tftp.ts';
import { decodeTftp, encodeRequest, type TftpMalformed, type TftpPacket } from '../../src/tftp/packets.ts';
import type { Namespace } from '../lab/netns.ts';
import { inside, nicOf } from '../net/inside.ts';

export interface StationOptions {
  readonly singlePort?: boolean;
  readonly maxTransfers?: number;
  readonly maxBlockSize?: number;
  readonly maxWindow?: number;
  readonly wholeFileBytes?: number;
  readonly virtual?: VirtualFiles;
  readonly lanes?: number;
  /** Default: the loopback NIC of this process. */
  readonly at?: { readonly inside: Namespace; readonly nic: string };
}

export interface Station {
  readonly root: string;
  readonly port: number;
  readonly transferPort: number;
  /** Where requests come in over IPv6; 0 on the loopback NIC of this process, which may have none. */
  readonly port6: number;
  readonly records: readonly JournalRecord[];
  active(): number;
  /** Whether no timer is armed: nothing is under way or remembered. */
  idle(): boolean;
  /** The events of all transfers so far: `start hello`, `done hello` … */
  events(): readonly string[];
  /** Waits until a transfer event is on record. */
  recorded(event: TransferRecord['event']): Promise<TransferRecord>;
  close(): Promise<void>;
}

const DEADLINE_MS = 10_000;
const CACHE_BYTES = 64 * 1024 * 1024;

/** Waits until `probe` gives something; throws after ten seconds. */
export async function until<T>(what: string, probe: () => T | undefined): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const found = probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function openStation(options: StationOptions = {}): Promise<Station> {
  const root = await mkdtemp(join(tmpdir(), 'pl-tftp-'));
  const network = createLinuxNetwork();
  const { at } = options;
  const there = <T>(open: () => T): T => (at === undefined ? open() : inside(at.inside, open));
  const nic = there(() => nicOf(network, at?.nic ?? 'lo'));
  const clock = createClock();
  const records: JournalRecord[] = [];
  const port = options.singlePort === true ? await freePort() : 0;
  const lanes = startLanes(network, options.lanes ?? 3);
  const serviceOptions: TftpServiceOptions = {
    network,
    lanes,
    nic,
    versions: at === undefined ? [4] : [4, 6],
    clock,
    port,
    config: {
      root,
      search: [],
      transferPort: port,
      maxBlockSize: options.maxBlockSize,
      maxWindow: options.maxWindow ?? 64,
      cache: CACHE_BYTES,
      maxTransfers: options.maxTransfers ?? 4096,
    },
    resolver: createContentResolver({
      roots: [root],
      cacheBytes: CACHE_BYTES,
      wholeFileBytes: options.wholeFileBytes,
      virtual: options.virtual,
      pin: network.pin,
    }),
    journal: { write: (record) => records.push(record) },
    requester: (address, _path, serverAddress) => ({ address, mac: '52:54:00:00:00:01', serverAddress }),
  };
  const service = there(() => createTftpService(serviceOptions));
  const [over4, over6] = service.ports;
  if (over4 === undefined) throw new Error('nothing is listened on');
  const transfers = () => records.filter((record) => record.kind === 'transfer');
  return {
    root,
    port: over4.port,
    transferPort: over4.transfers.port,
    port6: over6?.port ?? 0,
    records,
    active: service.active,
    idle: () => clock.armed().length === 0,
    events: () => transfers().map(({ event, file }) => `${event} ${file}`),
    recorded: (event) =>
      until(`a record "${event}"`, () => transfers().find((record) => record.event === event)),
    async close() {
      service.close();
      clock.close();
      await lanes.close();
      await network.close();
      await rm(root, { recursive: true });
    },
  };
}

/** A UDP port of the loopback address that nobody uses. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

export interface Received {
  readonly packet: TftpPacket | TftpMalformed;
  readonly port: number;
  readonly address: string;
}

export interface PacketClient {
  /** Sends a read request to 127.0.0.1, or to another address of the loopback network. */
  read(port: number, file: string, options?: Readonly<Record<string, string>>, address?: string): void;
  send(port: number, bytes: Uint8Array, address?: string): void;
  /** The next packet that arrives, or has arrived. */
  next(): Promise<Received>;
  /** Packets that arrived and were not taken. */
  readonly pending: readonly Received[];
  close(): void;
}

/** `own`: the client's address, on the loopback network. */
export async function openPacketClient(own = '127.0.0.1'): Promise<PacketClient> {
  const socket = createSocket('udp4').bind(0, own);
  await once(socket, 'listening');
  const pending: Received[] = [];
  socket.on('message', (message, from) => {
    pending.push({ packet: decodeTftp(message), port: from.port, address: from.address });
  });
  const send = (port: number, bytes: Uint8Array, address = '127.0.0.1') => socket.send(bytes, port, address);
  return {
    read(port, file, options = {}, address) {
      const list = Object.entries(options).map(([name, value]) => ({ name, value }));
      send(port, encodeRequest({ kind: 'rrq', file, mode: 'octet', options: list }), address);
    },
    send,
    next: () => until('a packet', () => pending.shift()),
    pending,
    close: () => socket.close(),
  };
}
