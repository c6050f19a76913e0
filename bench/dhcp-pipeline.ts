/**
 * What one 4-way exchange costs in the server alone, from decode to encode with its durable commit, but without sockets and
 * so without the kernel's share: `node bench/dhcp-pipeline.ts [--batch 128] [--clients 50000] [--rounds 10]`. Prints the best of the
 * rounds, since other work on the machine only ever adds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KNOWN_QUIRKS } from '../src/boot/known-quirks.ts';
import { createClock } from '../src/clock.ts';
import { subnetOptionSets } from '../src/config/subnet-options.ts';
import type { World } from '../src/decide/decision.ts';
import { decodePacket, isMalformed } from '../src/dhcp/decode.ts';
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

/** A request as perfdhcp's, which plays a relay. */
function request(type: MessageName, client: number, address?: number): Uint8Array {
  const chaddr = Uint8Array.of(0, 12, 1, (client >>> 16) & 255, (client >>> 8) & 255, client & 255);
  const options = new Map([[53, messageTypeBytes(type)]]);
  if (address !== undefined) options.set(50, u32(address)).set(54, u32(SERVER));
  options.set(55, Uint8Array.of(1, 28, 2, 3, 15, 6, 12)).set(61, Uint8Array.of(1, ...chaddr));
  const packet: Packet = {
    op: 1,
    htype: 1,
    hops: 1,
    xid: client,
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
  return encodePacket(packet, { padTo: 0 }).bytes;
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
const world = (): World => ({
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
  now: Date.now(),
});

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
const limit = { allows: () => true };
createDhcpService({
  network,
  nic: () => nic,
  ports: [67],
  table,
  store,
  clients: createClients(),
  history: createBootHistory({ times: 3, within: 120_000 }),
  clock: createClock(),
  limit,
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
    const discovers = Array.from({ length: half }, () => datagram(request('DISCOVER', nextClient())));
    const answers = await answersTo([...requests, ...discovers]);
    requests = [];
    for (const { head } of answers) {
      const reply = decodePacket(head);
      if (isMalformed(reply) || reply.options.get(53)?.[0] !== 2) continue;
      requests.push(datagram(request('REQUEST', reply.xid, reply.yiaddr)));
    }
  }
}

/** The client's part, which runs in this process too, to be taken off. */
function clientCost(): number {
  const before = process.cpuUsage();
  const count = 100_000;
  for (let at = 0; at < count; at++) {
    const reply = decodePacket(request('DISCOVER', at));
    if (!isMalformed(reply)) request('REQUEST', reply.xid, reply.giaddr);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const ROUND = 10_000;

/** One round of clients that come back in no order: microseconds an exchange. */
async function measure(): Promise<{ readonly cpu: number; readonly wall: number }> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await run(ROUND, () => Math.floor(Math.random() * clients));
  const wall = ((performance.now() - startedAt) * 1000) / ROUND;
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / ROUND, wall };
}

try {
  let newcomer = 0;
  await run(clients, () => newcomer++ % clients);
  clientCost();
  const ownCost = clientCost();
  const rounds: { readonly cpu: number; readonly wall: number }[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure());
  const best = (of: (round: { readonly cpu: number; readonly wall: number }) => number): string =>
    (Math.min(...rounds.map(of)) - ownCost).toFixed(1);
  console.log(
    `batches of ${2 * half}: ${best(({ cpu }) => cpu)} µs of CPU an exchange, ${best(({ wall }) => wall)} µs with waiting for the disk`,
  );
} finally {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
