/** pilotlight probe on the proxy's own host: no socket of that host hears its own wire, and no port tells that a server is here. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRack, type Rack, SERVER_ADDRESS, startDnsmasq } from '../lab/rack.ts';
import { type Server, startServer } from '../lab/server.ts';
import { probe } from '../probe/lab.ts';

describe('a probe on the host of a proxy', () => {
  let rack: Rack;
  let server: Server;
  before(async () => {
    rack = openRack();
    server = await startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        dhcp: { mode: 'proxy' },
        tftp: { search: ['/usr/lib/ipxe'] },
      },
      texts: { 'profiles/linux.yaml': 'name: linux\nboot: { local: true }\n' },
    });
  });
  after(async () => {
    try {
      await server?.stop();
    } finally {
      await rack?.close();
    }
  });

  const heard = async (): Promise<string[]> => {
    const { report } = await probe(rack.server, '--as', 'uefi');
    return report.offers.map((offer) => `${offer.role} ${offer.server}`).sort();
  };

  test('hears it where it is alone', async () => {
    assert.deepEqual(await heard(), [`proxy ${SERVER_ADDRESS}`]);
  });

  test('hears it, and the DHCP server beside it', async () => {
    const dnsmasq = await startDnsmasq(rack.server, ['--no-ping', '--dhcp-range=10.77.0.100,10.77.0.199,1h']);
    try {
      assert.deepEqual(await heard(), [`dhcp ${SERVER_ADDRESS}`, `proxy ${SERVER_ADDRESS}`]);
    } finally {
      await dnsmasq.stop();
    }
  });
});
