/** Whose an address is, as far as DHCP messages tell: files are rendered for that machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName } from '../../src/dhcp/packet.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { world as makeWorld, profile } from '../decide/world.ts';
import { ip, NOW } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

const MAC = '52:54:00:aa:00:01';
const OWN = ip('10.0.0.50');

/** Who is behind OWN after firmware that has it in ciaddr sent this to that port of a proxy, and was answered. */
function macAfter(type: MessageName, port: number): string | undefined {
  const wire = createWire();
  const clients = createClients();
  const world = makeWorld('proxy', [profile('p')]);
  createDhcpService({
    network: wire.network,
    nic: () => NIC,
    ports: [67, 4011],
    table: world.leases as Parameters<typeof createDhcpService>[0]['table'],
    store: scriptedStore(),
    clients,
    history: createBootHistory(undefined),
    clock: createHandClock(NOW),
    limit: { allows: () => true },
    journal: { write() {} },
    world: () => world,
  });
  const packet = imaginePacket({ mac: MAC, arch: 'uefi-x64' });
  const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, messageTypeBytes(type));
  wire.deliver(port, { ...packet, ciaddr: OWN, options });
  assert.equal(wire.replies().length, 1);
  return clients.macAt(OWN);
}

test('who asks port 4011 has the address in ciaddr', () => assert.equal(macAfter('REQUEST', 4011), MAC));

test('in a DISCOVER ciaddr means nothing', () => assert.equal(macAfter('DISCOVER', 67), undefined));
