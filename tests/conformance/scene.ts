/** The server under test at one end of a wire, and whoever a row of the table lets speak at the other. */
import assert from 'node:assert/strict';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { type Server, type ServerSetup, startServer } from '../lab/server.ts';
import {
  type Client,
  discover,
  RELAY_NIC,
  SERVER,
  type Sending,
  selecting,
  type Traits,
  UNNAMED,
} from './client.ts';
import type { UdpFrame } from './frames.ts';
import { type Link, openLink } from './link.ts';
import { type Reply, readReply, TYPE, writeMessage } from './message.ts';

/** A reply, and how it travelled. */
export interface Answer extends Reply {
  /** By option 53; BOOTREPLY without it. */
  readonly type: keyof typeof TYPE | 'BOOTREPLY';
  /** `10.77.0.1:67` */
  readonly from: string;
  readonly to: string;
  /** The link address it was sent to. */
  readonly link: string;
}

export interface Scene {
  readonly host: Namespace;
  readonly server: Server;
  readonly link: Link;
  /** A client that the server has not seen before. */
  client(traits?: Traits): Client;
  /** Sends, and waits for the answer. */
  ask(sending: Sending): Promise<Answer>;
  /** Sends, and proves that no answer comes: another client is served afterwards and this one still has none. */
  askInVain(sending: Sending): Promise<void>;
  /** DISCOVER and OFFER: the client knows its address, but does not hold it. */
  offered(client: Client): Promise<void>;
  /** All of RFC 2131 §3.1: the client holds its address, and answers ARP for it. */
  bound(client: Client): Promise<void>;
  /** How many answers there have been to each transaction since the last time. */
  settle(): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

const SERVER_NIC = 'eth0';
const SERVER_MAC = '52:54:00:00:00:fe';
/** Far more than an idle machine needs, since this one may be busy with other tests. */
const DEADLINE = { seconds: 20 };

const TYPE_NAMES = new Map<number, keyof typeof TYPE>(
  Object.entries(TYPE).map(([name, code]) => [code, name as keyof typeof TYPE]),
);

function openWire(lab: Lab): { host: Namespace; link: Link } {
  const host = lab.namespace('srv');
  const far = lab.namespace('far');
  lab.veth({ in: host, nic: SERVER_NIC }, { in: far, nic: 'eth0' });
  host.runSync('ip', 'link', 'set', SERVER_NIC, 'address', SERVER_MAC);
  lab.address(host, SERVER_NIC, `${SERVER}/16`);
  // Every network behind a relay is reached through the relay's NIC.
  host.runSync('ip', 'route', 'add', '10.64.0.0/10', 'via', RELAY_NIC.address);
  const link = openLink(far, 'eth0');
  link.holds(RELAY_NIC.address, RELAY_NIC.mac);
  return { host, link };
}

function answerOf(frame: UdpFrame): Answer {
  const reply = readReply(frame.payload);
  const type = TYPE_NAMES.get(Number.parseInt(reply.options[53] ?? '', 16)) ?? 'BOOTREPLY';
  return {
    ...reply,
    type,
    from: `${frame.source}:${frame.sourcePort}`,
    to: `${frame.destination}:${frame.destinationPort}`,
    link: frame.linkDestination,
  };
}

export async function openScene(setup: ServerSetup): Promise<Scene> {
  const lab = openLab();
  const wire = openWire(lab);
  try {
    return createScene(lab, wire.host, wire.link, await startServer(wire.host, setup));
  } catch (error) {
    wire.link.close();
    await lab.close();
    throw error;
  }
}

function createScene(lab: Lab, host: Namespace, link: Link, server: Server): Scene {
  // Rows that wait for an answer need not wait any longer when nobody is there to give one.
  server.records
    .waitFor('the end of the server', () => false, { seconds: 3600 })
    .catch((error: Error) => link.frames.end(error.message));
  let clients = 0;
  let xid = 0x5000_0000;
  let settled = 0;

  function client(traits: Traits = {}): Client {
    clients += 1;
    const mac = `52:54:00:01:${[clients >>> 8, clients & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;
    const plain = { mac, id: undefined, relay: undefined, agent: undefined, flags: 0, htype: 1 };
    return { ...plain, ...traits, address: '0.0.0.0' };
  }

  /** Returns the transaction id that the answer will bear. */
  function send({ message, linkDestination, ...frame }: Sending): number {
    xid += 1;
    const id = message.xid === UNNAMED ? xid : message.xid;
    link.send({
      ...frame,
      linkDestination: linkDestination === 'server' ? SERVER_MAC : linkDestination,
      payload: writeMessage({ ...message, xid: id }),
    });
    return id;
  }

  const xidOf = ({ payload }: UdpFrame): number => Buffer.from(payload).readUInt32BE(4);

  async function ask(sending: Sending): Promise<Answer> {
    const from = link.frames.all.length;
    const id = send(sending);
    const frame = await link.frames.waitFor(
      'an answer',
      (candidate) => candidate.kind === 'udp' && xidOf(candidate) === id,
      { ...DEADLINE, from },
    );
    assert.ok(frame.kind === 'udp');
    return answerOf(frame);
  }

  async function offered(who: Client): Promise<void> {
    const answer = await ask(discover(who));
    assert.equal(answer.type, 'OFFER');
    who.address = answer.yiaddr;
  }

  async function bound(who: Client): Promise<void> {
    await offered(who);
    assert.equal((await ask(selecting(who))).type, 'ACK');
    if (who.relay === undefined) link.holds(who.address, who.mac);
  }

  async function askInVain(sending: Sending): Promise<void> {
    const from = link.frames.all.length;
    const id = send(sending);
    // The server works in order and commits in order: once this client has its ACK, the other would have its answer.
    await bound(client());
    const answer = link.frames.all.slice(from).find((frame) => frame.kind === 'udp' && xidOf(frame) === id);
    assert.equal(answer?.kind === 'udp' ? answerOf(answer) : undefined, undefined, 'no answer is due');
  }

  return {
    host,
    server,
    link,
    client,
    ask,
    askInVain,
    offered,
    bound,
    async settle() {
      await bound(client());
      const counts = new Map<number, number>();
      for (const frame of link.frames.all.slice(settled)) {
        if (frame.kind === 'udp') counts.set(xidOf(frame), (counts.get(xidOf(frame)) ?? 0) + 1);
      }
      settled = link.frames.all.length;
      return counts;
    },
    async close() {
      await server.stop();
      link.close();
      await lab.close();
    },
  };
}
