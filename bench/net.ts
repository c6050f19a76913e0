/**
 * The network room against node:dgram: an echo server in a process and a network namespace of its own, asked over a
 * veth pair. Needs root. `node bench/net.ts`
 *
 * Lock-step: one client that sends the next datagram when the last came back, as one TFTP transfer does. Bulk: 256
 * datagrams of 300 bytes under way at any time, as a rack that powers up does.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { createLinuxNetwork } from '../src/net/linux.ts';
import type { Network, ReceiveHandler, UdpSocket } from '../src/net/udp.ts';
import { parseIpv4 } from '../src/values/ipv4.ts';
import { type Namespace, openLab } from '../tests/lab/netns.ts';

const SECONDS = 3;
const SERVER = parseIpv4('10.77.0.1') ?? 0;

interface Figures {
  /** Echoes that came back, and the milliseconds that took. */
  readonly echoes: number;
  readonly ms: number;
}

function open(network: Network, onReceive: ReceiveHandler): UdpSocket {
  const nic = network.nics().find(({ name }) => name === 'eth0');
  if (nic === undefined) throw new Error('no eth0 in this namespace');
  return network.open({ nic, port: 0, slotSize: 2048, onReceive });
}

/** Prints its port, echoes until stdin ends or SIGTERM comes, then prints the CPU time used. */
function serve(kind: string): void {
  const started = process.cpuUsage();
  process.on('SIGTERM', () => {
    const { user, system } = process.cpuUsage(started);
    console.log(JSON.stringify({ cpuUs: user + system }));
    process.exit();
  });
  if (kind === 'dgram') {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
    socket.on('message', (data, { port, address }) => socket.send(data, port, address));
    socket.bind(0, '0.0.0.0', () => console.log(JSON.stringify({ port: socket.address().port })));
    return;
  }
  const { port } = open(createLinuxNetwork(), (batch, socket) => {
    socket.send(batch.map((item) => ({ to: item.source, port: item.sourcePort, head: item.data })));
  });
  console.log(JSON.stringify({ port }));
}

/** Keeps `window` datagrams under way, and prints what came back. */
async function ask(port: number, window: number): Promise<void> {
  const network = createLinuxNetwork();
  const datagram = { to: SERVER, port, head: Buffer.alloc(300) };
  let echoes = 0;
  const socket = open(network, (batch) => {
    echoes += batch.length;
    socket.send(batch.map(() => datagram));
  });
  const started = performance.now();
  socket.send(Array.from({ length: window }, () => datagram));
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  console.log(JSON.stringify({ echoes, ms: performance.now() - started } satisfies Figures));
  await network.close();
}

async function measure(kind: string, window: number, server: Namespace, client: Namespace): Promise<void> {
  const self = [import.meta.filename];
  const child = server.spawn(process.execPath, [...self, 'serve', kind]);
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { port } = JSON.parse((await lines.next()).value ?? '{}');
  const { echoes, ms }: Figures = JSON.parse(
    await client.run(process.execPath, ...self, 'ask', `${port}`, `${window}`),
  );
  child.kill('SIGTERM');
  const { cpuUs } = JSON.parse((await lines.next()).value ?? '{}');
  const rate = Math.round((echoes / ms) * 1000);
  console.log(
    `${kind.padEnd(6)} window ${`${window}`.padStart(3)}  ${`${rate}`.padStart(7)} echoes/s  ${(cpuUs / echoes).toFixed(2)} µs server CPU each`,
  );
}

async function main(): Promise<void> {
  const lab = openLab();
  const [server, client] = [lab.namespace('s'), lab.namespace('c')];
  lab.veth({ in: server, nic: 'eth0' }, { in: client, nic: 'eth0' });
  lab.address(server, 'eth0', '10.77.0.1/24');
  lab.address(client, 'eth0', '10.77.0.2/24');
  for (const window of [1, 256]) {
    for (const kind of ['net', 'dgram', 'net', 'dgram']) await measure(kind, window, server, client);
  }
  await lab.close();
}

const [role, first = '', second = ''] = process.argv.slice(2);
if (role === 'serve') serve(first);
else if (role === 'ask') await ask(Number(first), Number(second));
else await main();
