/** A link with two subnets of which the server has an address in one only, as sites have when the first has filled up. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRack, type Rack } from '../lab/rack.ts';
import { type Server, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

describe('a subnet that shares the link of the server, which has its default route there', () => {
  let rack: Rack;
  let server: Server;

  before(async () => {
    rack = openRack();
    rack.server.runSync('ip', 'route', 'add', 'default', 'via', '10.77.0.254', 'dev', 'eth0');
    rack.server.runSync('ip', 'address', 'add', '10.88.0.51/32', 'dev', 'eth0');
    server = await startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        dhcp: {
          mode: 'full',
          conflictCheck: 'off',
          subnets: [
            { subnet: '10.77.0.0/24', network: 'rack' },
            { subnet: '10.88.0.0/24', network: 'rack', pools: ['10.88.0.50-10.88.0.99'] },
          ],
        },
      },
    });
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('a client that asks for no broadcast is answered all the same', async () => {
    assert.equal(await lease(rack.host('one', '10.99.0.1/24')), '10.88.0.50');
  });

  test('no client gets an address that the server has beside its first', async () => {
    assert.equal(await lease(rack.host('two', '10.99.0.2/24')), '10.88.0.52');
  });
});
