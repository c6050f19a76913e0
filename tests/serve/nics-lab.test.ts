/** NICs that vanish, return and change address under the running server, with real clients. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Namespace } from '../lab/netns.ts';
import { BRIDGE, openRack, type Rack } from '../lab/rack.ts';
import { type Server, type ServerSetup, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

const PXE = 'PXEClient:Arch:00000:UNDI:002001';

const FULL: ServerSetup = {
  config: {
    interfaces: ['eth0'],
    dhcp: { mode: 'full', subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.60'] }] },
  },
};

/** No configuration of NICs: all of them. */
const PROXY: ServerSetup = {
  config: { log: { level: 'debug' } },
  texts: {
    'profiles/all.yaml': 'name: all\nboot: { file: { bios: first.bin } }\n',
    'tftpboot/first.bin': 'program',
  },
};

/** The notice from now on that begins so. */
function notice(server: Server, beginning: string): Promise<unknown> {
  const from = server.records.all.length;
  return server.records.waitFor(
    `"${beginning}…"`,
    ({ kind, msg }) => kind === 'notice' && msg.startsWith(beginning),
    { seconds: 10, from },
  );
}

async function get(inside: Namespace, path: string): Promise<string> {
  return inside.run('curl', '-s', '-w', ' %{http_code}', `http://127.0.0.1:8080${path}`);
}

/** Without link-local addresses, which come by themselves at a time of their own. */
async function nicsOf(inside: Namespace): Promise<string[]> {
  const { nics } = JSON.parse((await get(inside, '/v1/status')).replace(/ 200$/, ''));
  return nics.map(({ name, up, addresses }: { name: string; up: boolean; addresses: string[] }) =>
    [name, up ? 'up' : 'down', ...addresses.filter((each) => !each.startsWith('fe80:'))].join(' '),
  );
}

describe('in full mode, a NIC that the configuration names', () => {
  let rack: Rack;
  let server: Server;
  let client: Namespace;

  before(async () => {
    rack = openRack();
    client = rack.host('client', '10.78.0.1/24');
    server = await startServer(rack.server, FULL);
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('is served again when it was deleted and made anew', async () => {
    assert.equal(await lease(client), '10.77.0.50');
    const vanished = notice(server, 'eth0 has vanished');
    rack.server.runSync('ip', 'link', 'delete', 'eth0');
    await vanished;
    assert.deepEqual(await nicsOf(rack.server), []);
    assert.match(await get(rack.server, '/readyz'), /interface eth0 has vanished.* 503$/);
    const appeared = notice(server, 'eth0 has appeared, and is served: 10.77.0.1/24');
    rack.lab.veth({ in: rack.server, nic: 'eth0' }, { in: rack.wires, nic: 'server' });
    rack.lab.address(rack.server, 'eth0', '10.77.0.1/24');
    rack.lab.enslave(rack.wires, 'server', BRIDGE);
    await appeared;
    assert.equal(await lease(client), '10.77.0.50');
    assert.match(await get(rack.server, '/readyz'), / 200$/);
  });

  test('answers from its new address when that changed', async () => {
    const changed = notice(server, 'eth0 has the address 10.77.0.9/24 now');
    rack.server.runSync('ip', 'address', 'del', '10.77.0.1/24', 'dev', 'eth0');
    rack.lab.address(rack.server, 'eth0', '10.77.0.9/24');
    await changed;
    assert.deepEqual(await nicsOf(rack.server), ['eth0 up 10.77.0.9/24']);
    const args = ['udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-t', '5', '-T', '1', '-s', '/bin/true'];
    const said = await client.run('sh', '-c', `busybox ${args.join(' ')} 2>&1`);
    assert.match(said, /lease of 10\.77\.0\.50 obtained from 10\.77\.0\.9/);
    const fresh = rack.host('fresh', '10.78.0.2/24');
    assert.equal(await lease(fresh), '10.77.0.51', 'probed, and by a link address that still holds');
  });

  test('serves on when its link was down', async () => {
    const down = notice(server, 'eth0 is down');
    rack.server.runSync('ip', 'link', 'set', 'eth0', 'down');
    await down;
    assert.deepEqual(await nicsOf(rack.server), ['eth0 down 10.77.0.9/24']);
    const up = notice(server, 'eth0 is up');
    rack.server.runSync('ip', 'link', 'set', 'eth0', 'up');
    await up;
    const another = rack.host('another', '10.78.0.3/24');
    assert.equal(await lease(another), '10.77.0.52', 'probed, which the packet socket survived');
  });
});

describe('without a configuration, every NIC', () => {
  let rack: Rack;
  let server: Server;

  before(async () => {
    rack = openRack();
    server = await startServer(rack.server, PROXY);
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('one that is plugged in is served: DHCP and files', async () => {
    const appeared = notice(server, 'eth7 has appeared, and is served: 10.88.0.1/24');
    const client = rack.lab.namespace('pc');
    rack.lab.veth({ in: rack.server, nic: 'eth7' }, { in: client, nic: 'eth0' });
    rack.lab.address(rack.server, 'eth7', '10.88.0.1/24');
    rack.lab.address(client, 'eth0', '10.88.0.2/24');
    await appeared;
    const once = ['-n', '-t', '2', '-T', '1', '-s', '/bin/true'];
    const discover = client.spawn('busybox', ['udhcpc', '-i', 'eth0', '-f', ...once, '-V', PXE]);
    const mac = client.runSync('cat', '/sys/class/net/eth0/address').trim();
    await server.records.waitFor('an OFFER', (record) => record.mac === mac && record.reply === 'OFFER', {
      seconds: 10,
    });
    discover.kill('SIGKILL');
    assert.equal(await client.run('curl', '-s', '-m', '5', 'tftp://10.88.0.1/first.bin'), 'program');
    assert.deepEqual(await nicsOf(rack.server), ['eth0 up 10.77.0.1/24', 'eth7 up 10.88.0.1/24']);
  });

  test('one that is unplugged is let go, and the others are served on', async () => {
    const vanished = notice(server, 'eth7 has vanished');
    rack.server.runSync('ip', 'link', 'delete', 'eth7');
    await vanished;
    assert.deepEqual(await nicsOf(rack.server), ['eth0 up 10.77.0.1/24']);
    const other = rack.host('other', '10.77.0.2/24');
    assert.equal(await other.run('curl', '-s', '-m', '5', 'tftp://10.77.0.1/first.bin'), 'program');
  });
});
