import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network } from '../../src/net/udp.ts';
import { BROADCAST, formatIpv4 } from '../../src/values/ipv4.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, station, text, until } from './inside.ts';

describe('NICs that change', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;
  let other: Namespace;

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    other = lab.namespace('o');
    lab.veth({ in: server, nic: 'rack0' }, { in: other, nic: 'eth0' });
    lab.veth({ in: server, nic: 'rack1' }, { in: other, nic: 'eth1' });
    lab.address(server, 'rack0', '10.77.0.1/24');
    lab.address(server, 'rack1', '10.99.0.1/24');
    lab.address(other, 'eth0', '10.77.0.2/24');
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  const quiet = async (count: () => number): Promise<void> => {
    for (let before = -1; before !== count(); ) {
      before = count();
      await sleep(50);
    }
  };

  const CHANGES: readonly (readonly [string, readonly string[]])[] = [
    ['a NIC that is made', ['link', 'add', 'extra0', 'type', 'veth', 'peer', 'name', 'extra1']],
    ['an address', ['address', 'add', '10.66.0.1/24', 'dev', 'extra0']],
    ['an IPv6 address', ['address', 'add', 'fd66::1/64', 'dev', 'extra0']],
    ['a NIC set up', ['link', 'set', 'extra0', 'up']],
    ['another link address', ['link', 'set', 'extra1', 'address', '52:54:00:00:00:99']],
    ['an address that goes', ['address', 'del', '10.66.0.1/24', 'dev', 'extra0']],
    ['a NIC set down', ['link', 'set', 'extra0', 'down']],
    ['a NIC that is deleted', ['link', 'delete', 'extra0']],
  ];

  test('each change is told, and nothing after close', async () => {
    let told = 0;
    const watch = inside(server, () => network.watchNics(() => void told++));
    for (const [what, command] of CHANGES) {
      await quiet(() => told);
      told = 0;
      server.runSync('ip', ...command);
      await until(() => told > 0, what);
    }
    await quiet(() => told);
    watch.close();
    watch.close();
    told = 0;
    server.runSync('ip', 'link', 'set', 'rack1', 'mtu', '1400');
    await sleep(50);
    assert.equal(told, 0);
  });

  test('an address that moved to another NIC is no longer told as this one’s', async () => {
    let told = 0;
    const watch = inside(server, () => network.watchNics(() => void told++));
    const listener = station(network, server, 'rack0', { port: 6700 });
    const sender = inside(other, () =>
      network.open({ nic: nicOf(network, 'eth0'), port: 0, slotSize: 64, onReceive() {} }),
    );
    const hear = async (): Promise<string> => {
      const before = listener.received.length;
      sender.send([{ to: BROADCAST, port: 6700, head: text('who is there?') }]);
      await until(() => listener.received.length > before, 'the broadcast arrives');
      return formatIpv4(listener.received.at(-1)?.localAddress ?? 0);
    };
    assert.equal(await hear(), '10.77.0.1');
    server.runSync('ip', 'address', 'del', '10.77.0.1/24', 'dev', 'rack0');
    server.runSync('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'rack1');
    await until(() => told >= 2, 'the change is told');
    await quiet(() => told);
    assert.equal(await hear(), '0.0.0.0');
    server.runSync('ip', 'address', 'del', '10.77.0.1/24', 'dev', 'rack1');
    server.runSync('ip', 'address', 'add', '10.77.0.9/24', 'dev', 'rack0');
    assert.equal(await hear(), '10.77.0.9');
    for (const thing of [watch, listener.socket, sender]) thing.close();
  });
});
