/**
 * What one 4-way exchange costs in the server alone, from decode to encode with its durable commit, but without sockets and
 * so without the kernel's share: `node bench/dhcp-pipeline.ts [--batch 128] [--clients 50000] [--rounds 10]`. Prints the best of the
 * rounds, since other work on the machine only ever adds. Batches of 4 are what 6 000 exchanges a second come in.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { KNOWN_QUIRKS } from '../src/boot/known-quirks.ts';
import { createClock } from '../src/clock.ts';
import { subnetOptionSets } from '../src/config/subnet-options.ts';
import type { World } from '../src/decide/decision.ts';
import { encodePacket } from '../src/dhcp/encode.ts';
import { messageTypeBytes } from '../src/dhcp/message.ts';
import type { MessageName, Packet } from '../src/dhcp/packet.ts';
import { createJournal } from '../src/journal/journal.ts';
import { createLog } from '../src/journal/log.ts';
import { createMetrics } from '../src/journal/metrics.ts';
import { openSqliteStore } from '../src/leases/sqlite.ts';
import { createLeaseTable } from '../src/leases/table.ts';
import type {
  Datagram,
  Network,
  Nic,
  Outgoing,
  ReceiveHandler,
  SocketOptions,
  UdpSocket,
} from '../src/net/udp.ts';
import { createBootHistory } from '../src/serve/boot-history.ts';
import { createClients } from '../src/serve/clients.ts';
import { createDhcpService } from '../src/serve/dhcp.ts';
import { createClientLimit } from '../src/serve/limits.ts';
import { parseIpv4, parseRange, parseSubnet } from '../src/values/ipv4.ts';

const ip = (text: string): number => parseIpv4(text) ?? 0;
const SERVER = ip('10.64.0.1');
const RELAY = ip('10.64.0.2');
const nic: Nic = {
  name: 'srv0',
  index: 2,
  mac: '02:00:00:00:00:01',
  addresses: [{ address: SERVER, prefix: 12 }],
  up: true,
  loopback: false,
  addresses6: [],
  mtu: 1500,
};

const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** A message as perfdhcp's, which plays a relay. */
function message(type: MessageName): Buffer {
  const chaddr = new Uint8Array(6);
  const options = new Map([[53, messageTypeBytes(type)]]);
  if (type === 'REQUEST') options.set(50, u32(0)).set(54, u32(SERVER));
  options.set(55, Uint8Array.of(1, 28, 2, 3, 15, 6, 12)).set(61, Uint8Array.of(1, ...chaddr));
  const packet: Packet = {
    op: 1,
    htype: 1,
    hops: 1,
    xid: 0,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: RELAY,
    chaddr,
    sname: '',
    file: '',
    options,
  };
  return Buffer.from(encodePacket(packet, { padTo: 0 }).bytes);
}

/** Where the fields stand that differ from client to client; 53 and 54 come first, 61 last before END. */
const AT = { xid: 4, yiaddr: 16, chaddr: 28, type: 242, requestedIp: 251 } as const;
const DISCOVER = message('DISCOVER');
const REQUEST = message('REQUEST');
const OFFER = 2;
const OUI = 0x000c01;

/** The clients run in this process too, so they only write what differs into bytes that were made before. */
function request(template: Buffer, client: number, address?: number): Buffer {
  const bytes = Buffer.from(template);
  bytes.writeUInt32BE(client, AT.xid);
  for (const at of [AT.chaddr, bytes.length - 7]) {
    bytes.writeUIntBE(OUI, at, 3);
    bytes.writeUIntBE(client, at + 3, 3);
  }
  if (address !== undefined) bytes.writeUInt32BE(address, AT.requestedIp);
  return bytes;
}

const datagram = (data: Uint8Array): Datagram => ({
  data,
  source: RELAY,
  sourcePort: 67,
  destination: SERVER,
  localAddress: SERVER,
  truncated: false,
});

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '128' },
    clients: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '10' },
  },
});
const clients = Number(values.clients);
const half = Number(values.batch) / 2;

const directory = mkdtempSync(join(tmpdir(), 'pilotlight-bench-'));
const pools = [parseRange('10.65.0.0-10.78.255.255') ?? { first: 0, last: 0 }];
const table = createLeaseTable(pools);
const store = openSqliteStore(directory);
const subnet = parseSubnet('10.64.0.0/12') ?? { network: 0, prefix: 0 };
const times = { leaseTime: 3600, renewTime: 1800, rebindTime: 3150 };
const own = new Map([
  [3, u32(SERVER)],
  [6, u32(SERVER)],
  [15, new TextEncoder().encode('rack.example')],
]);
const settings: Omit<World, 'now'> = {
  limits: { offers: 1_000_000 },
  policy: {
    mode: 'full',
    authoritative: true,
    conflictCheck: 'off',
    overload: false,
    subnets: [
      {
        subnet,
        pools,
        ...subnetOptionSets(subnet, times, own),
        ...times,
        // Every exchange is to be committed.
        reuseTime: 0,
        clientIdentity: 'client-id',
        network: undefined,
        bootp: false,
      },
    ],
  },
  inventory: {
    version: 1,
    profiles: [],
    machines: { all: [], byMac: new Map(), byUuid: new Map(), byIp: new Map() },
  },
  leases: table,
  serverAddress: undefined,
  httpPort: 8080,
  quirks: KNOWN_QUIRKS,
};
const world = (): World => ({ ...settings, now: Date.now() });

let receive: ReceiveHandler = () => {};
let sent: Outgoing[] = [];
let onSend = (): void => {};
const socket: UdpSocket = {
  nic,
  port: 67,
  send(batch) {
    sent.push(...batch);
    onSend();
    return { sent: batch.length, failed: [] };
  },
  close: () => {},
};
const open = (options: SocketOptions): UdpSocket => {
  receive = options.onReceive;
  return socket;
};
const network: Network = {
  nics: () => [nic],
  open,
  openBeside: open,
  pin: (bytes) => ({ bytes, address: 0, size: bytes.length }),
  neighbour: () => undefined,
  arpProber: () => ({ ask: () => undefined, close() {} }),
  echoProber: () => ({ ask: () => undefined, close() {} }),
  watchNics: () => ({ close() {} }),
  close: async () => {},
};
const log = createLog({ level: 'warn', pretty: false });
const journal = createJournal({ log, metrics: createMetrics({ process: false }) });
const UNLIMITED = 1_000_000;
createDhcpService({
  network,
  nic: () => nic,
  ports: [67],
  table,
  store,
  clients: createClients(),
  history: createBootHistory({ times: 3, within: 120_000 }),
  clock: createClock(),
  limit: createClientLimit(() => UNLIMITED),
  journal,
  world,
});

/** The answers, once the commit is through. */
async function answersTo(batch: readonly Datagram[]): Promise<readonly Outgoing[]> {
  sent = [];
  await new Promise<void>((resolve) => {
    onSend = () => {
      if (sent.length === batch.length) resolve();
    };
    receive(batch, socket);
  });
  return sent;
}

/** Batches as they are under load: half of them DISCOVERs, half the REQUESTs that answer the OFFERs of the batch before. */
async function run(exchanges: number, nextClient: () => number): Promise<void> {
  let requests: Datagram[] = [];
  for (let done = 0; done < exchanges; done += half) {
    const discovers = Array.from({ length: half }, () => datagram(request(DISCOVER, nextClient())));
    const answers = await answersTo([...requests, ...discovers]);
    requests = [];
    for (const { head } of answers) {
      const reply = Buffer.from(head.buffer, head.byteOffset, head.length);
      if (reply[AT.type] !== OFFER) continue;
      const client = reply.readUInt32BE(AT.xid);
      requests.push(datagram(request(REQUEST, client, reply.readUInt32BE(AT.yiaddr))));
    }
  }
}

/** What an exchange costs: microseconds and bytes. */
interface Cost {
  /** Of all threads, that which commits included. */
  readonly cpu: number;
  /** Of the thread that answers. */
  readonly main: number;
  readonly wall: number;
  /** Taken from the heap of the thread that answers. */
  readonly heap: number;
}

const sumOf = ({ user, system }: NodeJS.CpuUsage): number => user + system;

async function costOf(count: number, work: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const main = process.threadCpuUsage();
  const heap = getHeapStatistics().total_allocated_bytes;
  const startedAt = performance.now();
  await work();
  return {
    cpu: sumOf(process.cpuUsage(cpu)) / count,
    main: sumOf(process.threadCpuUsage(main)) / count,
    wall: ((performance.now() - startedAt) * 1000) / count,
    heap: (getHeapStatistics().total_allocated_bytes - heap) / count,
  };
}

/** The clients' part, to be taken off. */
const clientCost = (): Promise<Cost> =>
  costOf(100_000, async () => {
    for (let at = 0; at < 100_000; at++) {
      datagram(request(DISCOVER, at));
      datagram(request(REQUEST, at, SERVER));
    }
  });

const ROUND = 10_000;

/** One round of clients that come back in no order. */
const measure = (): Promise<Cost> =>
  costOf(ROUND, () => run(ROUND, () => Math.floor(Math.random() * clients)));

try {
  let newcomer = 0;
  await run(clients, () => newcomer++ % clients);
  await clientCost();
  const own = await clientCost();
  const rounds: Cost[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure());
  const best = (kind: keyof Cost): number => Math.min(...rounds.map((cost) => cost[kind])) - own[kind];
  const micros = (kind: keyof Cost): string => `${best(kind).toFixed(1)} µs`;
  console.log(
    `batches of ${2 * half}: ${micros('cpu')} of CPU an exchange, ${micros('main')} of it on the main thread, which ` +
      `allocates ${(best('heap') / 1024).toFixed(1)} KiB; ${micros('wall')} with waiting for the disk`,
  );
} finally {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
