/**
 * Kill -9 under load: whatever was acknowledged on the wire is in the store afterwards, and no address ever has two
 * clients. The machine itself goes on, so what a power cut would lose is not tested here, only that nothing is
 * acknowledged too early.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBindings } from '../../src/leases/sqlite.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network } from '../../src/net/udp.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { macOfClient, openRelay, type Relay, type RelayedReply } from '../lab/relay.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { startServer } from '../lab/server.ts';
import { until } from '../net/inside.ts';

const ROUNDS = 6;
/** More than the rounds bring new clients. */
const POOL = '10.80.1.0-10.80.255.254';
const GIADDR = '10.80.0.1';
/** Messages on their way at one time: enough that each commit is of many. */
const WINDOW = 300;

/** The newest promise to a client that came off the wire. */
interface Promised {
  readonly ip: string;
  /** Unix milliseconds, counted from when the REQUEST was sent, as a client does. */
  readonly until: number;
}

/** Clients that come one after the other; every fourth message is an older client's that renews. */
function createLoad(relay: Pick<Relay, 'send'>) {
  const promised = new Map<number, Promised>();
  const owners = new Map<string, number>();
  const askedAt = new Map<number, number>();
  const faults: string[] = [];
  let newest = 0;
  let onTheWay = 0;
  let isRunning = false;
  let acks = 0;

  function ask(): void {
    if (!isRunning || onTheWay >= WINDOW) return;
    onTheWay++;
    const old = 1 + Math.floor(Math.random() * newest);
    // Not one whose REQUEST is on its way: which of two an ACK answers could not be told.
    const known = Math.random() < 0.25 && !askedAt.has(old) ? promised.get(old) : undefined;
    if (known === undefined) relay.send('DISCOVER', ++newest);
    else request(old, { ciaddr: known.ip });
  }

  function request(client: number, asking: Parameters<Relay['send']>[2]): void {
    askedAt.set(client, Date.now());
    relay.send('REQUEST', client, asking);
  }

  function onAck({ client, ip, leaseTime = 0 }: RelayedReply): void {
    acks++;
    const owner = owners.get(ip) ?? client;
    if (owner !== client) faults.push(`${ip} was acknowledged to client ${owner}, and then to ${client}`);
    owners.set(ip, client);
    const before = promised.get(client);
    if (before !== undefined && before.ip !== ip)
      faults.push(`client ${client} had ${before.ip} and got ${ip}`);
    promised.set(client, { ip, until: (askedAt.get(client) ?? 0) + leaseTime * 1000 });
    askedAt.delete(client);
  }

  return {
    promised,
    faults,
    acks: () => acks,
    onReply(reply: RelayedReply): void {
      if (reply.type === 'OFFER') {
        request(reply.client, { requested: reply.ip, serverId: SERVER_ADDRESS });
        return;
      }
      if (reply.type === 'ACK') onAck(reply);
      else faults.push(`client ${reply.client} got ${reply.type}`);
      onTheWay--;
      ask();
      ask();
    },
    /** Begins anew: what was on its way is lost with the server that it was for. */
    start(): void {
      isRunning = true;
      onTheWay = 0;
      askedAt.clear();
      for (let message = 0; message < WINDOW; message++) ask();
    },
    stop(): void {
      isRunning = false;
    },
  };
}

describe('kill -9 under load', () => {
  let rack: Rack;
  let state: Scratch;
  let network: Network;
  let relay: Relay;
  let load: ReturnType<typeof createLoad>;

  before(() => {
    rack = openRack();
    state = makeScratch('crash');
    network = createLinuxNetwork();
    const far = rack.host('relay', '10.77.0.9/24');
    far.runSync('ip', 'address', 'add', `${GIADDR}/16`, 'dev', 'eth0');
    rack.server.runSync('ip', 'route', 'add', '10.80.0.0/16', 'via', '10.77.0.9');
    relay = openRelay(network, {
      namespace: far,
      nic: 'eth0',
      giaddr: GIADDR,
      server: SERVER_ADDRESS,
      onReply: (reply) => load.onReply(reply),
    });
    load = createLoad(relay);
  });
  after(async () => {
    relay.close();
    await network.close();
    await rack.close();
    state.remove();
  });

  const start = () =>
    startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        state: state.path,
        dhcp: { mode: 'full', conflictCheck: 'off', subnets: [{ subnet: '10.80.0.0/16', pools: [POOL] }] },
      },
    });

  /** Resolves when no reply has come for a while: those in the relay's socket have been read too. */
  async function quiet(): Promise<void> {
    for (let seen = -1; seen !== load.acks(); await sleep(100)) seen = load.acks();
  }

  for (let round = 1; round <= ROUNDS; round++) {
    test(`round ${round}: every ACK on the wire is in the store, and no address has two clients`, async () => {
      const server = await start();
      const before = load.acks();
      load.start();
      await until(() => load.acks() > before, 'ACKs come', 10_000);
      await sleep(50 + Math.random() * 600);
      load.stop();
      await server.kill();
      await quiet();
      assert.ok(load.acks() > before + 10, `only ${load.acks() - before} ACKs`);
      assert.deepEqual(load.faults, []);

      const stored = new Map(readBindings(state.path).map((each) => [formatIpv4(each.ip), each]));
      const lost: string[] = [];
      for (const [client, { ip, until: end }] of load.promised) {
        const found = stored.get(ip);
        const isThere =
          found?.state === 'bound' && found.mac === macOfClient(client) && found.expiresAt >= end;
        if (!isThere)
          lost.push(`client ${client} has ${ip} until ${end}, and the store ${JSON.stringify(found)}`);
      }
      assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${load.promised.size} promises are lost`);
    });
  }
});
