/** The DHCP server as a whole: real clients in namespaces, a real disk, restarts and kill -9. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

describe('leases', () => {
  let rack: Rack;
  let state: Scratch;
  let clients: Namespace[];
  let server: Server | undefined;

  const setup = () => ({
    config: {
      interfaces: ['eth0'],
      state: state.path,
      dhcp: {
        mode: 'full',
        subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.60'], router: SERVER_ADDRESS }],
      },
    },
    texts: { 'machines/rack.yaml': 'mac: 52:54:00:00:00:03\nname: node3\nip: 10.77.0.200\n' },
  });
  const start = async () => {
    server = await startServer(rack.server, setup());
    return server;
  };

  before(() => {
    rack = openRack();
    state = makeScratch('leases');
    clients = [1, 2, 3].map((number) => {
      const inside = rack.host(`c${number}`, `10.78.0.${number}/24`);
      inside.runSync('ip', 'link', 'set', 'eth0', 'address', `52:54:00:00:00:0${number}`);
      return inside;
    });
  });
  after(async () => {
    await server?.stop();
    await rack.close();
    state.remove();
  });

  test('an address each, the same one after a restart, and after kill -9', async () => {
    const [one, two] = clients as [Namespace, Namespace];
    const first = await start();
    assert.equal(await lease(one), '10.77.0.50');
    assert.equal(await lease(two), '10.77.0.51');
    await first.stop();
    const second = await start();
    assert.equal(await lease(two), '10.77.0.51', 'remembered, or it would be the first of the pool');
    assert.equal(await lease(one), '10.77.0.50');
    await second.kill();
    await start();
    assert.equal(await lease(two), '10.77.0.51');
  });

  test('a machine gets its fixed address, whatever it asks for', async () => {
    const three = clients[2] as Namespace;
    assert.equal(await lease(three), '10.77.0.200');
    assert.equal(await lease(three, '-r', '10.77.0.55'), '10.77.0.200');
  });

  test('the running server tells its leases', async () => {
    const text = await rack.server.run('curl', '-s', `http://${SERVER_ADDRESS}:8080/v1/leases`);
    const entries = JSON.parse(text).map(
      ({ ip, mac, state: is }: Record<string, string>) => `${ip} ${mac} ${is}`,
    );
    assert.deepEqual(entries, [
      '10.77.0.50 52:54:00:00:00:01 bound',
      '10.77.0.51 52:54:00:00:00:02 bound',
      '10.77.0.200 52:54:00:00:00:03 bound',
    ]);
  });

  test('a second server on the same NIC refuses to start and names the first', async () => {
    const { state: _, ...config } = setup().config;
    await assert.rejects(
      startServer(rack.server, { config: { ...config, http: { port: 0 } } }),
      /UDP port 67 on eth0 is taken by pilotlight \(pid \d+\)/,
    );
  });

  test('a second server on the same state refuses to start, on whatever network, and names the first', async () => {
    const elsewhere = rack.host('else', '10.77.0.3/24');
    await assert.rejects(
      startServer(elsewhere, setup()),
      /not started: the state directory \S+ is in use by pilotlight \(pid \d+\)/,
    );
  });
});
