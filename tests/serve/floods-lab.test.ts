/** Floods on real sockets, and a client that wants an address meanwhile. Needs root. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { openRelay, type Relay, type RelayedReply } from '../lab/relay.ts';
import { type Server, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';
import { until } from '../net/inside.ts';

const GIADDR = '10.80.0.1';
const POOL = 100;
const CLIENTS = 4000;
/** One client's burst is five seconds' worth. */
const RATE = 4;

describe('a flood', () => {
  let rack: Rack;
  let server: Server;
  let relay: Relay;
  const network = createLinuxNetwork();
  const replies: RelayedReply[] = [];

  /** The metric of one reason for silence. */
  async function ignored(code: string): Promise<number> {
    const metrics = await rack.server.run('curl', '-s', 'http://127.0.0.1:8080/metrics');
    return Number(new RegExp(`dhcp_ignored_total\\{code="${code}"\\} (\\d+)`).exec(metrics)?.[1] ?? 0);
  }
  const answered = (client: number): number => replies.filter((reply) => reply.client === client).length;

  before(async () => {
    rack = openRack();
    rack.server.runSync('ip', 'route', 'add', '10.80.0.0/16', 'via', '10.77.0.9');
    const inside = rack.host('relay', '10.77.0.9/24');
    inside.runSync('ip', 'address', 'add', `${GIADDR}/16`, 'dev', 'lo');
    server = await startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        limits: { clientRate: RATE },
        dhcp: {
          mode: 'full',
          conflictCheck: 'off',
          subnets: [
            { subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'] },
            { subnet: '10.80.0.0/16', pools: ['10.80.1.1-10.80.1.100'] },
          ],
        },
      },
    });
    relay = openRelay(network, {
      namespace: inside,
      nic: 'eth0',
      giaddr: GIADDR,
      server: SERVER_ADDRESS,
      onReply: (reply) => void replies.push(reply),
    });
  });
  after(async () => {
    relay?.close();
    await server?.stop();
    await network.close();
    await rack?.close();
  });

  test('of unknown clients holds half of the pool, and the other half is there for who takes it', async () => {
    for (let client = 1; client <= CLIENTS; client++) relay.send('DISCOVER', client);
    // The last of them has no answer, so the counter tells when it was heard.
    for (let look = 0; look < 100 && (await ignored('OFFERS_LIMITED')) < CLIENTS - POOL / 2; look++);
    assert.equal(await ignored('OFFERS_LIMITED'), CLIENTS - POOL / 2);
    assert.equal(new Set(replies.map(({ ip }) => ip)).size, POOL / 2);
    assert.equal(await lease(rack.host('victim', '10.78.0.2/24')), '10.77.0.50', 'another network');
    // Whoever is offered an address and takes it makes room for one more offer of the other half.
    const [first] = replies;
    assert.ok(first);
    relay.send('REQUEST', first.client, { requested: first.ip, serverId: SERVER_ADDRESS });
    await until(() => replies.at(-1)?.type === 'ACK', 'the ACK', 10_000);
    relay.send('DISCOVER', 5000);
    await until(() => answered(5000) === 1, 'an offer for the next', 10_000);
    relay.send('DISCOVER', 5001);
    relay.send('DISCOVER', 5000);
    await until(() => answered(5000) === 2, 'the same once more', 10_000);
    assert.equal(answered(5001), 0);
  });

  test('of one client is answered as often as it may ask, and is told in the metrics, not in the log', async () => {
    const before = answered(5000);
    for (let time = 0; time < 500; time++) relay.send('DISCOVER', 5000);
    relay.send('DISCOVER', 2);
    await until(() => answered(2) === 2, 'another client is answered behind it', 10_000);
    const after = answered(5000) - before;
    assert.ok(after > 0 && after <= 6 * RATE, `${after} answers`);
    assert.ok((await ignored('RATE_LIMITED')) >= 500 - 6 * RATE);
    assert.deepEqual(
      server.records.all.filter(({ level }) => level >= 40).map(({ msg }) => msg),
      [],
    );
  });
});
