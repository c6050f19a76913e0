import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { NetError, type Network, type Prober } from '../../src/net/udp.ts';
import { formatIpv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, until } from './inside.ts';

const STRANGER_MAC = '52:54:00:bb:00:66';
const SETTLED_MS = 100;

const ip = (text: string) => parseIpv4(text) ?? 0;

const PROBERS = new URL('../../src/net/linux.ts', import.meta.url).href;

/** A program that opens both kinds and prints why it cannot. */
const opener = `
  import { createLinuxNetwork } from ${JSON.stringify(PROBERS)};
  const network = createLinuxNetwork();
  const nic = network.nics().find(({ name }) => name === 'rack0');
  const refusal = (open) => { try { open(); return 'opened'; } catch (error) { return error.code + ': ' + error.message; } };
  console.log(JSON.stringify([refusal(() => network.arpProber(() => nic, () => {})), refusal(() => network.echoProber(() => {}))]));
  await network.close();`;

describe('probers', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;
  let stranger: Namespace;
  let router: Namespace;
  let far: Namespace;

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    stranger = lab.namespace('x');
    router = lab.namespace('r');
    far = lab.namespace('f');
    lab.veth({ in: server, nic: 'rack0' }, { in: stranger, nic: 'eth0' });
    lab.veth({ in: server, nic: 'rack1' }, { in: router, nic: 'eth0' });
    lab.veth({ in: router, nic: 'eth1' }, { in: far, nic: 'eth0' });
    stranger.runSync('ip', 'link', 'set', 'eth0', 'address', STRANGER_MAC);
    lab.address(server, 'rack0', '10.77.0.1/24');
    lab.address(stranger, 'eth0', '10.77.0.66/24');
    lab.address(server, 'rack1', '10.88.0.1/24');
    lab.address(router, 'eth0', '10.88.0.2/24');
    lab.address(router, 'eth1', '10.99.0.1/24');
    lab.address(far, 'eth0', '10.99.0.66/24');
    router.runSync('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    far.runSync('ip', 'route', 'add', 'default', 'via', '10.99.0.1');
    server.runSync('ip', 'route', 'add', '10.99.0.0/24', 'via', '10.88.0.2');
    // A stranger that answers no ping still answers ARP.
    stranger.runSync('nft', 'add table ip quiet');
    stranger.runSync('nft', 'add chain ip quiet input { type filter hook input priority 0; policy drop; }');
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  /** A prober in the server's namespace with what it heard, as `ADDRESS MAC`. */
  function arp(): { prober: Prober; heard: string[] } {
    const heard: string[] = [];
    const rack0 = inside(server, () => nicOf(network, 'rack0'));
    const prober = inside(server, () =>
      network.arpProber(
        () => rack0,
        (address, mac) => void heard.push(`${formatIpv4(address)} ${mac}`),
      ),
    );
    return { prober, heard };
  }

  function echo(): { prober: Prober; heard: string[] } {
    const heard: string[] = [];
    const prober = inside(server, () =>
      network.echoProber((address, mac) => void heard.push(`${formatIpv4(address)} ${mac}`)),
    );
    return { prober, heard };
  }

  test('ARP: who holds an address answers, with a firewall too, and nobody else does', async () => {
    const { prober, heard } = arp();
    assert.equal(prober.ask(ip('10.77.0.67')), undefined);
    assert.equal(prober.ask(ip('10.77.0.66')), undefined);
    await until(() => heard.length > 0, 'the stranger answers');
    await sleep(SETTLED_MS);
    assert.deepEqual(heard, [`10.77.0.66 ${STRANGER_MAC}`]);
    prober.close();
  });

  test('ARP: a probe enters nothing into the tables of those who hear it', async () => {
    stranger.runSync('ip', 'neigh', 'flush', 'all');
    const { prober, heard } = arp();
    prober.ask(ip('10.77.0.66'));
    await until(() => heard.length > 0, 'the stranger answers');
    assert.equal(stranger.runSync('ip', 'neigh', 'show').trim(), '');
    prober.close();
  });

  test('ARP: other hosts’ requests wake nobody', async () => {
    const { prober, heard } = arp();
    stranger.runSync('sh', '-c', 'busybox ping -c 1 -W 1 10.77.0.99 || true');
    prober.ask(ip('10.77.0.66'));
    await until(() => heard.length > 0, 'the stranger answers');
    assert.equal(heard.length, 1);
    prober.close();
  });

  test('ARP: a link that goes down and comes back is probed again', async () => {
    const { prober, heard } = arp();
    server.runSync('ip', 'link', 'set', 'rack0', 'down');
    assert.equal(prober.ask(ip('10.77.0.66')), 'ENETDOWN');
    server.runSync('ip', 'link', 'set', 'rack0', 'up');
    await until(() => {
      prober.ask(ip('10.77.0.66'));
      return heard.length > 0;
    }, 'the stranger answers');
    prober.close();
  });

  test('ICMP: beyond a router too, and no answer for an address that nobody has', async () => {
    const { prober, heard } = echo();
    assert.equal(prober.ask(ip('10.99.0.67')), undefined);
    assert.equal(prober.ask(ip('10.99.0.66')), undefined);
    await until(() => heard.length > 0, 'the far host answers');
    assert.deepEqual(heard, ['10.99.0.66 undefined']);
    assert.equal(prober.ask(ip('192.0.2.1')), 'ENETUNREACH');
    prober.close();
  });

  test('ICMP: another program’s ping is none of ours', async () => {
    const { prober, heard } = echo();
    await server.run('busybox', 'ping', '-c', '1', '-W', '2', '10.99.0.66');
    prober.ask(ip('10.88.0.2'));
    await until(() => heard.length > 0, 'the router answers');
    assert.deepEqual(heard, ['10.88.0.2 undefined']);
    prober.close();
  });

  test('nothing is told after close, and no descriptor stays behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const probers = [arp(), echo()];
    probers[0]?.prober.ask(ip('10.77.0.66'));
    probers[1]?.prober.ask(ip('10.99.0.66'));
    for (const { prober } of probers) {
      prober.close();
      prober.close();
      assert.equal(prober.ask(ip('10.77.0.66')), 'EBADF');
    }
    await sleep(SETTLED_MS);
    assert.deepEqual(
      probers.map(({ heard }) => heard.length),
      [0, 0],
    );
    await until(() => readdirSync('/proc/self/fd').length === before, 'every descriptor is closed');
  });

  test('without CAP_NET_RAW, and on a NIC that is gone, the error says so', async () => {
    const node = [process.execPath, '--input-type=module', '-e', opener];
    const said = await server.run('setpriv', '--bounding-set=-net_raw', ...node);
    assert.deepEqual(JSON.parse(said), [
      'NO_PERMISSION: may not open a packet socket on rack0 (EPERM)',
      'NO_PERMISSION: may not open a raw ICMP socket (EPERM)',
    ]);
    const gone = { ...inside(server, () => nicOf(network, 'rack0')), index: 9999 };
    assert.throws(
      () =>
        inside(server, () =>
          network.arpProber(
            () => gone,
            () => {},
          ),
        ),
      (error) => error instanceof NetError && error.code === 'NO_SUCH_NIC',
    );
  });
});
