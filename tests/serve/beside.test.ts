/** Port 67 in proxy mode: left to the DHCP server that this host may have, where we have the right to hear it all the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imaginePacket } from '../../src/decide/imagine.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import { NetError, type Network } from '../../src/net/udp.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { world as makeWorld, profile } from '../decide/world.ts';
import { NOW } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

/** Serves one NIC of a network in which opening a port beside others is what `openBeside` makes of it. */
function serve(mode: 'full' | 'proxy', openBeside?: Network['openBeside']) {
  const wire = createWire();
  const opened: string[] = [];
  const records: JournalRecord[] = [];
  const network: Network = {
    ...wire.network,
    open(options) {
      opened.push(`${options.port} alone`);
      return wire.network.open(options);
    },
    openBeside(options, onBeside) {
      const socket = (openBeside ?? wire.network.openBeside)(options, onBeside);
      opened.push(`${options.port} beside`);
      return socket;
    },
  };
  const world = makeWorld(mode, [profile('p')]);
  createDhcpService({
    network,
    nic: () => NIC,
    ports: [67, 4011],
    table: world.leases as Parameters<typeof createDhcpService>[0]['table'],
    store: scriptedStore(),
    clients: createClients(),
    history: createBootHistory(undefined),
    clock: createHandClock(NOW),
    limit: { allows: () => true },
    journal: { write: (record) => void records.push(record) },
    world: () => world,
  });
  wire.deliver(67, imaginePacket({ mac: '52:54:00:aa:00:01', arch: 'bios' }));
  const notices = records.filter((record) => record.kind === 'notice');
  return { opened, answered: wire.replies().length, notices };
}

describe('port 67', () => {
  test('a proxy hears beside whoever has it; port 4011 is its own', () => {
    assert.deepEqual(serve('proxy'), { opened: ['67 beside', '4011 alone'], answered: 1, notices: [] });
  });

  test("the network's own server has it alone", () => {
    assert.deepEqual(serve('full').opened, ['67 alone', '4011 alone']);
  });

  test('a proxy without CAP_NET_RAW has it alone too, and says what that means', () => {
    const { opened, answered, notices } = serve('proxy', () => {
      throw new NetError(
        'NO_PERMISSION',
        'may not open a packet socket on eth1 (EPERM)',
        'Grant CAP_NET_RAW.',
      );
    });
    assert.deepEqual([opened, answered], [['67 alone', '4011 alone'], 1]);
    assert.deepEqual(
      notices.map(({ level, message, detail }) => [level, message, detail]),
      [
        [
          'warn',
          'may not open a packet socket on eth1 (EPERM): no other DHCP server can run on this host',
          { hint: 'Grant CAP_NET_RAW.' },
        ],
      ],
    );
  });

  test('any other failure is one', () => {
    const vanished = new NetError('NO_SUCH_NIC', 'there is no NIC eth1', 'This host has lo.');
    assert.throws(
      () =>
        serve('proxy', () => {
          throw vanished;
        }),
      vanished,
    );
  });
});
