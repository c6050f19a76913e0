/** The check before a first offer with everything real: strangers on the link and behind a relay, clients, a firewall. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { type Server, type ServerSetup, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

const setup = (dhcp: Record<string, unknown> = {}): ServerSetup => ({
  config: {
    interfaces: ['eth0'],
    dhcp: {
      mode: 'full',
      subnets: [
        { subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.60'] },
        { subnet: '10.99.0.0/24', pools: ['10.99.0.50-10.99.0.60'] },
      ],
      ...dhcp,
    },
  },
});

/** A second network behind a relay: `relay` is 10.77.0.2 towards the server and 10.99.0.1 towards its hosts. */
async function openBranch(rack: Rack) {
  const { lab } = rack;
  const relay = rack.host('relay', '10.77.0.2/24');
  lab.bridge(relay, 'lan');
  lab.address(relay, 'lan', '10.99.0.1/24');
  relay.runSync('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  rack.server.runSync('ip', 'route', 'add', '10.99.0.0/24', 'via', '10.77.0.2');
  const program = relay.spawn('dnsmasq', [
    ...['--conf-file=/dev/null', '--no-daemon', '--user=root', '--port=0', '--leasefile-ro'],
    `--dhcp-relay=10.99.0.1,${SERVER_ADDRESS}`,
  ]);
  program.stdout?.resume();
  program.stderr?.resume();
  return {
    host(label: string): Namespace {
      const inside = lab.namespace(label);
      lab.veth({ in: inside, nic: 'eth0' }, { in: relay, nic: label });
      lab.enslave(relay, label, 'lan');
      return inside;
    },
  };
}

const macOf = (inside: Namespace) => inside.runSync('cat', '/sys/class/net/eth0/address').trim();

describe('addresses that strangers use', () => {
  let rack: Rack;
  let server: Server;
  let stranger: Namespace;
  let client: Namespace;

  before(async () => {
    rack = openRack();
    stranger = rack.host('stranger', '10.77.0.50/24');
    // It answers no ping, only ARP.
    stranger.runSync('nft', 'add table ip quiet');
    stranger.runSync('nft', 'add chain ip quiet input { type filter hook input priority 0; policy drop; }');
    client = rack.host('client', '10.78.0.1/24');
    server = await startServer(rack.server, setup());
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  const conflict = (address: string) =>
    server.records.waitFor(
      `a notice of ${address}`,
      ({ kind, msg }) => kind === 'notice' && msg.startsWith(`${address} is in use`),
      { seconds: 5 },
    );

  test('on the link: the next address is given, and the administrator knows by whom the first is used', async () => {
    assert.equal(await lease(client), '10.77.0.51');
    const { msg, mac } = await conflict('10.77.0.50');
    assert.equal(msg, `10.77.0.50 is in use by ${macOf(stranger)}: kept out of the pool for a day`);
    assert.equal(mac, macOf(client));
    const url = `http://${SERVER_ADDRESS}:8080`;
    const leases: { ip: string; state: string }[] = JSON.parse(
      await rack.server.run('curl', '-s', `${url}/v1/leases`),
    );
    assert.deepEqual(
      leases.map(({ ip, state }) => `${ip} ${state}`),
      ['10.77.0.50 declined', '10.77.0.51 bound'],
    );
    assert.match(
      await rack.server.run('curl', '-s', `${url}/metrics`),
      /^pilotlight_dhcp_conflicts_total 1$/m,
    );
  });

  test('behind a relay: by ICMP', async () => {
    const branch = await openBranch(rack);
    const remote = branch.host('remote');
    rack.lab.address(remote, 'eth0', '10.99.0.50/24');
    remote.runSync('ip', 'route', 'add', 'default', 'via', '10.99.0.1');
    assert.equal(await lease(branch.host('far')), '10.99.0.51');
    assert.equal(
      (await conflict('10.99.0.50')).msg,
      '10.99.0.50 is in use by somebody: kept out of the pool for a day',
    );
  });

  test('a client that still uses the address that it asks for is given it', async () => {
    const restarted = rack.host('again', '10.77.0.57/24');
    assert.equal(await lease(restarted, '-r', '10.77.0.57'), '10.77.0.57');
  });

  test('by ICMP on the link, where the configuration says so', async () => {
    await server.stop();
    stranger.runSync('nft', 'delete table ip quiet');
    server = await startServer(rack.server, setup({ conflictCheck: 'icmp' }));
    assert.equal(await lease(client), '10.77.0.51');
    assert.match((await conflict('10.77.0.50')).msg, new RegExp(macOf(stranger)));
  });

  test('not at all, where the configuration says so', async () => {
    await server.stop();
    server = await startServer(rack.server, setup({ conflictCheck: 'off' }));
    assert.equal(await lease(client), '10.77.0.50');
  });
});
