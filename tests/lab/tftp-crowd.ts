/**
 * A program that is many TFTP clients at once: all ask for one file in the same moment, fetch it in lock-step and compare
 * every byte. Each is an address and port of its own, the addresses being those of the NIC. One process, since a thousand
 * programs would be measured more than the server.
 *
 *   node tftp-crowd.ts NIC SERVER CLIENTS BLKSIZE NAME COPY
 *
 * `NAME` is what they ask for, `COPY` the file to compare with. Prints a CrowdResult as JSON.
 */
import { readFileSync } from 'node:fs';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Datagram, Outgoing, UdpSocket } from '../../src/net/udp.ts';
import { DEFAULT_BLOCK_SIZE } from '../../src/tftp/negotiate.ts';
import { decodeTftp, encodeAck, encodeRequest, optionValue } from '../../src/tftp/packets.ts';
import { type Ipv4, parseIpv4 } from '../../src/values/ipv4.ts';

export interface CrowdResult {
  readonly clients: number;
  /** How many have every byte as it should be. */
  readonly exact: number;
  /** Why others have not: reason → how many. */
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Datagrams that clients sent again after a second of silence. */
  readonly repeated: number;
}

interface Client {
  readonly address: Ipv4;
  blockSize: number;
  /** Blocks taken. */
  blocks: number;
  /** The server's port once it has answered. */
  peer: number | undefined;
  /** What is sent again in silence. */
  last: Uint8Array;
  heardAt: number;
  over: boolean;
}

const SILENCE_MS = 1000;
/** A client that hears nothing for so long gives up. */
const PATIENCE_MS = 60_000;

const [nicName = '', serverText = '', countText = '', blockText = '', name = '', copy = ''] =
  process.argv.slice(2);
const server = parseIpv4(serverText);
const network = createLinuxNetwork();
const nic = network.nics().find((each) => each.name === nicName);
if (nic === undefined || server === undefined)
  throw new Error(`no NIC ${nicName}, or no server ${serverText}`);
const expected = readFileSync(copy);
const count = Number(countText);
const request = encodeRequest({
  kind: 'rrq',
  file: name,
  mode: 'octet',
  options: [
    { name: 'tsize', value: '0' },
    { name: 'blksize', value: blockText },
  ],
});

const failures: Record<string, number> = {};
let exact = 0;
let repeated = 0;
let left = count;

function finish(client: Client, failure?: string): void {
  client.over = true;
  left -= 1;
  if (failure === undefined) exact += 1;
  else failures[failure] = (failures[failure] ?? 0) + 1;
}

/** The answer to a datagram, or nothing. */
function answer(client: Client, { data, sourcePort }: Datagram): Uint8Array | undefined {
  const packet = decodeTftp(data);
  if (client.over || (client.peer !== undefined && client.peer !== sourcePort)) return undefined;
  client.heardAt = performance.now();
  client.peer = sourcePort;
  if (packet.kind === 'error') finish(client, packet.message);
  if (packet.kind === 'oack' && client.blocks === 0) {
    client.blockSize = Number(optionValue(packet.options, 'blksize') ?? DEFAULT_BLOCK_SIZE);
    if (optionValue(packet.options, 'tsize') !== String(expected.length)) finish(client, 'another size');
    return encodeAck(0);
  }
  if (packet.kind !== 'data' || packet.block !== ((client.blocks + 1) & 0xffff)) return undefined;
  const offset = client.blocks * client.blockSize;
  const same = expected.subarray(offset, offset + client.blockSize).equals(packet.data);
  client.blocks += 1;
  if (!same) finish(client, 'other bytes');
  else if (packet.data.length < client.blockSize) finish(client);
  return encodeAck(client.blocks);
}

interface Port {
  readonly socket: UdpSocket;
  readonly clients: ReadonlyMap<Ipv4, Client>;
}

function openPort(clients: ReadonlyMap<Ipv4, Client>): Port {
  const socket = network.open({
    nic: nic as NonNullable<typeof nic>,
    port: 0,
    slotSize: nic?.mtu ?? 0,
    onReceive(batch) {
      const replies: Outgoing[] = [];
      for (const datagram of batch) {
        const client = clients.get(datagram.destination);
        const head = client === undefined ? undefined : answer(client, datagram);
        if (client === undefined || head === undefined) continue;
        client.last = head;
        replies.push({ to: datagram.source, port: datagram.sourcePort, from: client.address, head });
      }
      if (replies.length > 0) socket.send(replies);
    },
  });
  return { socket, clients };
}

const addresses = nic.addresses.map(({ address }) => address);
const ports: Port[] = [];
for (let from = 0; from < count; from += addresses.length) {
  const clients = addresses.slice(0, count - from).map((address): [Ipv4, Client] => [
    address,
    {
      address,
      blockSize: DEFAULT_BLOCK_SIZE,
      blocks: 0,
      peer: undefined,
      last: request,
      heardAt: performance.now(),
      over: false,
    },
  ]);
  ports.push(openPort(new Map(clients)));
}

function say({ socket, clients }: Port, which: (client: Client) => boolean): number {
  const batch = [...clients.values()].filter(which);
  socket.send(
    batch.map(({ address, peer = 69, last }) => ({ to: server ?? 0, port: peer, from: address, head: last })),
  );
  return batch.length;
}

const startedAt = performance.now();
const spokeAt = new WeakMap<Client, number>();
for (const port of ports) say(port, () => true);
const timer = setInterval(() => {
  const now = performance.now();
  for (const port of ports) {
    repeated += say(port, (client) => {
      if (client.over || now - Math.max(client.heardAt, spokeAt.get(client) ?? 0) < SILENCE_MS) return false;
      if (now - client.heardAt > PATIENCE_MS) {
        finish(client, 'silence');
        return false;
      }
      spokeAt.set(client, now);
      return true;
    });
  }
  if (left > 0) return;
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1000;
  const result: CrowdResult = { clients: count, exact, failures, seconds, repeated };
  console.log(JSON.stringify(result));
  void network.close();
}, 50);
