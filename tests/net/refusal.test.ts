import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { NetError, type Network } from '../../src/net/udp.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, station, until } from './inside.ts';

const LINUX = JSON.stringify(new URL('../../src/net/linux.ts', import.meta.url).href);

/** A program that opens one socket and prints what became of it. */
const opener = (nic: string, port: number, open: 'open' | 'open6' = 'open'): string => `
  import { createLinuxNetwork } from ${LINUX};
  const network = createLinuxNetwork();
  const nic = network.nics().find(({ name }) => name === '${nic}');
  try {
    const { port } = network.${open}({ nic, port: ${port}, slotSize: 1500, onReceive() {} });
    console.log(JSON.stringify({ open: port > 0 }));
  } catch ({ code, message, hint }) {
    console.log(JSON.stringify({ code, message, hint }));
  }
  await network.close();`;

describe('a socket that cannot be had', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    const other = lab.namespace('o');
    lab.veth({ in: server, nic: 'rack0' }, { in: other, nic: 'eth0' });
    lab.veth({ in: server, nic: 'rack1' }, { in: other, nic: 'eth1' });
    lab.address(server, 'rack0', '10.77.0.1/24');
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  function refusal(open: () => unknown): Pick<NetError, 'code' | 'message' | 'hint'> {
    try {
      open();
    } catch (error) {
      assert.ok(error instanceof NetError, String(error));
      return { code: error.code, message: error.message, hint: error.hint };
    }
    return assert.fail('it was opened');
  }

  async function openWithout(rights: string, nic: string, port: number): Promise<unknown> {
    const node = [process.execPath, '--input-type=module', '-e', opener(nic, port)];
    return JSON.parse(await server.run('setpriv', `--bounding-set=${rights}`, ...node));
  }

  test('the port is held by another program: its name and pid are told', async () => {
    const dnsmasq = server.spawn('dnsmasq', [
      ...['--no-daemon', '--conf-file=/dev/null', '--port=0', '--interface=rack0', '--leasefile-ro'],
      '--dhcp-range=10.77.0.50,10.77.0.60',
    ]);
    let output = '';
    for (const stream of [dnsmasq.stdout, dnsmasq.stderr]) stream?.on('data', (chunk) => (output += chunk));
    await until(() => output.includes('DHCP, '), 'dnsmasq serves');
    // setpriv and ip give way to what they start, so its pid is the child's.
    const told = JSON.parse(
      await server.run(process.execPath, '--input-type=module', '-e', opener('rack0', 67)),
    );
    assert.deepEqual(told, {
      code: 'PORT_TAKEN',
      message: `UDP port 67 on rack0 is taken by dnsmasq (pid ${dnsmasq.pid})`,
      hint: 'Stop dnsmasq, or make it leave rack0 or this port.',
    });
    dnsmasq.kill();
    await once(dnsmasq, 'exit');
    assert.deepEqual(
      JSON.parse(await server.run(process.execPath, '--input-type=module', '-e', opener('rack0', 67))),
      {
        open: true,
      },
    );
  });

  test('the port is held over IPv6 alone: that is told, and over IPv4 it is free', async () => {
    server.runSync('ip', 'address', 'add', 'fd00:77::1/64', 'dev', 'rack0', 'nodad');
    const dnsmasq = server.spawn('dnsmasq', [
      ...['--no-daemon', '--conf-file=/dev/null', '--port=0', '--enable-tftp', '--tftp-root=/tmp'],
      ...['--listen-address=fd00:77::1', '--bind-interfaces'],
    ]);
    let output = '';
    for (const stream of [dnsmasq.stdout, dnsmasq.stderr]) stream?.on('data', (chunk) => (output += chunk));
    await until(() => output.includes('TFTP root'), 'dnsmasq serves');
    const run = async (open: 'open' | 'open6') =>
      JSON.parse(await server.run(process.execPath, '--input-type=module', '-e', opener('rack0', 69, open)));
    assert.deepEqual(await run('open6'), {
      code: 'PORT_TAKEN',
      message: `UDP port 69 over IPv6 on rack0 is taken by dnsmasq (pid ${dnsmasq.pid})`,
      hint: 'Stop dnsmasq, or make it leave rack0 or this port.',
    });
    assert.deepEqual(await run('open'), { open: true });
    dnsmasq.kill();
    await once(dnsmasq, 'exit');
    assert.deepEqual(await run('open6'), { open: true });
  });

  test('a second socket of our own on the same NIC and port is refused; on another NIC it is not', () => {
    const first = station(network, server, 'rack0', { port: 69 });
    const { code, message } = refusal(() => station(network, server, 'rack0', { port: 69 }));
    assert.equal(code, 'PORT_TAKEN');
    assert.equal(message, 'UDP port 69 on rack0 is taken by this process itself');
    station(network, server, 'rack1', { port: 69 }).socket.close();
    first.socket.close();
    station(network, server, 'rack0', { port: 69 }).socket.close();
  });

  test('the NIC does not exist: those that do are named', () => {
    const nic = inside(server, () => nicOf(network, 'rack0'));
    for (const name of ['rack7', 'a-name-too-long-for-any-nic']) {
      const told = refusal(() =>
        inside(server, () =>
          network.open({ nic: { ...nic, name }, port: 0, slotSize: 1500, onReceive() {} }),
        ),
      );
      assert.deepEqual(told, {
        code: 'NO_SUCH_NIC',
        message: `there is no NIC ${name}`,
        hint: 'This host has lo, rack0, rack1.',
      });
    }
  });

  test('rights are missing: the capability is named', async () => {
    assert.deepEqual(await openWithout('-all', 'rack0', 67), {
      code: 'NO_PERMISSION',
      message: 'may not bind UDP port 67 on rack0 (EACCES)',
      hint: 'Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or run as root.',
    });
  });

  test('no right is needed for a high port, and only CAP_NET_BIND_SERVICE for a low one', async () => {
    assert.deepEqual(await openWithout('-all', 'rack0', 0), { open: true });
    assert.deepEqual(await openWithout('-all,+net_bind_service', 'rack0', 67), { open: true });
  });
});
