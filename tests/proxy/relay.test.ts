/**
 * proxyDHCP behind ISC's relay agent. Nobody on the server's host has port 67, so its kernel answers what the relay sends with ICMP
 * "port unreachable" besides; the relay goes on all the same.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRack, type Rack } from '../lab/rack.ts';
import { openRemoteLink, REMOTE_BRIDGE } from '../lab/remote-link.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire } from './client.ts';

const MAC = '52:54:00:aa:00:01';

describe('a proxy behind a relay agent', () => {
  let rack: Rack;
  let server: Server;
  let wire: BootWire;
  before(async () => {
    rack = openRack();
    const { lab, wires } = rack;
    server = await startServer(rack.server, {
      config: { interfaces: ['eth0'], dhcp: { mode: 'proxy' } },
      texts: { 'profiles/linux.yaml': 'name: linux\nboot:\n  kernel: vmlinuz\n' },
    });
    await openRemoteLink(rack);
    const far = lab.namespace('far');
    lab.veth({ in: far, nic: 'eth0' }, { in: wires, nic: 'farlink' });
    lab.enslave(wires, 'farlink', REMOTE_BRIDGE);
    wire = openBootWire(far, 'eth0', 'ff:ff:ff:ff:ff:ff');
  });
  after(async () => {
    try {
      await server?.stop();
    } finally {
      wire?.close();
      await rack?.close();
    }
  });

  const refusals = (): number => {
    const [names = '', values = ''] = rack.server
      .runSync('cat', '/proc/net/snmp')
      .split('\n')
      .filter((line) => line.startsWith('Icmp:'));
    return Number(values.split(' ')[names.split(' ').indexOf('OutDestUnreachs')]);
  };

  test('a machine is told its boot file, again and again', async () => {
    for (let time = 0; time < 3; time += 1) {
      // The relay gives the answer its own address as its source.
      const offer = await wire.client(MAC, 7).discover('10.78.0.1');
      assert.deepEqual(
        [fileOf(offer), offer.siaddr, offer.yiaddr, offer.giaddr],
        ['snponly.efi', '10.77.0.1', '0.0.0.0', '10.78.0.1'],
      );
    }
    assert.ok(refusals() > 0, 'the kernel said that nobody has the port');
  });
});
