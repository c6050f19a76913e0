/** A client that goes by another name than before, because an operator listed it or changed `clientIdentity`, keeps its lease. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arrival, factsOf } from '../../src/boot/facts.ts';
import type { ClientIdentity } from '../../src/config/model.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Decision, World } from '../../src/decide/decision.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import type { Machine } from '../../src/profiles/model.ts';
import { formatIpv4, type Ipv4 } from '../../src/values/ipv4.ts';
import { binding, ip, subnet } from '../leases/rules.ts';
import { machine, world } from './world.ts';

const MAC = '52:54:00:aa:00:01';
const ID = Uint8Array.of(255, 1, 2, 3);
const RACK = subnet('10.11.11.0/24', '10.11.11.50-10.11.11.99');
const HELD = '10.11.11.60';

interface Site {
  /** What the lease of HELD is stored under. */
  readonly identity: string;
  readonly machines?: readonly Machine[];
  readonly clientIdentity?: ClientIdentity;
  readonly mac?: string;
  readonly clientId?: string;
}

/** A site as it is after the change, and the lease from before it. */
function siteOf({ identity, machines = [], clientIdentity = 'client-id', mac = MAC, clientId }: Site): World {
  const base = world('full', [], machines);
  const leases = createLeaseTable(RACK.pools);
  leases.bind(binding(HELD, identity, { mac, clientId: clientId ?? 'ff010203' }));
  return { ...base, leases, policy: { ...base.policy, subnets: [{ ...RACK, clientIdentity }] } };
}

function ask(where: World, message: MessageName, packet: Partial<Packet> = {}): Decision {
  const imagined = imaginePacket({ mac: MAC, vendorClass: 'test' });
  const options = new Map(imagined.options)
    .set(OPTION.MESSAGE_TYPE, messageTypeBytes(message))
    .set(OPTION.CLIENT_ID, ID);
  const arrival: Arrival = {
    nic: 'eth1',
    localAddress: ip('10.11.11.1'),
    port: 67,
    source: 0,
    sourcePort: 68,
    destination: 0xffff_ffff,
  };
  return decide({ facts: factsOf({ ...imagined, options, ...packet }, arrival), uuid: undefined }, where);
}

const told = (decision: Decision): string =>
  decision.kind === 'reply' ? `${decision.type} ${formatIpv4(decision.yiaddr)}` : decision.code;

const newName = ({ change }: Decision): string | undefined =>
  change?.kind === 'bind' ? change.binding.identity : undefined;

const cases: Record<string, Site & { readonly becomes: string }> = {
  'listed in the inventory': {
    identity: 'id:ff010203',
    machines: [machine(MAC)],
    becomes: `machine:${MAC}`,
  },
  'listed with the address that it has': {
    identity: 'id:ff010203',
    machines: [machine(MAC, { ip: ip(HELD) })],
    becomes: `machine:${MAC}`,
  },
  'listed with another MAC address first': {
    identity: `machine:${MAC}`,
    machines: [machine('52:54:00:aa:00:09', { macs: ['52:54:00:aa:00:09', MAC] })],
    becomes: 'machine:52:54:00:aa:00:09',
  },
  'no longer listed': { identity: `machine:${MAC}`, becomes: 'id:ff010203' },
  'clientIdentity became mac': {
    identity: 'id:ff010203',
    clientIdentity: 'mac',
    becomes: `mac:${MAC}`,
  },
  'clientIdentity became client-id': { identity: `mac:${MAC}`, becomes: 'id:ff010203' },
};

for (const [name, { becomes, ...site }] of Object.entries(cases)) {
  describe(name, () => {
    test('its renewal is granted, and the lease goes by the new name', () => {
      const renewal = ask(siteOf(site), 'REQUEST', { ciaddr: ip(HELD) });
      assert.deepEqual([told(renewal), newName(renewal)], [`ACK ${HELD}`, becomes]);
    });
    test('it is offered its address when it starts anew', () => {
      assert.equal(told(ask(siteOf(site), 'DISCOVER')), `OFFER ${HELD}`);
    });
    test('it can give the lease back', () => {
      const { change } = ask(siteOf(site), 'RELEASE', { ciaddr: ip(HELD) });
      assert.equal(change?.kind === 'bind' && change.binding.state, 'released');
    });
  });
}

describe('what is not the same client', () => {
  const renewal = (site: Site) => told(ask(siteOf(site), 'REQUEST', { ciaddr: ip(HELD) }));
  const listed = [machine(MAC)];
  test('another identifier of the same NIC', () => {
    assert.equal(renewal({ identity: 'id:ff999999', clientId: 'ff999999' }), 'NAK 0.0.0.0');
  });
  test('the same identifier from another NIC, as clones of a system have', () => {
    const site = { identity: 'id:ff010203', mac: '52:54:00:aa:00:02', machines: listed };
    assert.equal(renewal(site), 'NAK 0.0.0.0');
  });
  test('an address that it declined', () => {
    const where = siteOf({ identity: `mac:${MAC}` });
    const declined = binding(HELD, `declined by ${MAC}`, {
      mac: MAC,
      clientId: 'ff010203',
      state: 'declined',
    });
    const leases = createLeaseTable(RACK.pools);
    leases.bind(declined);
    assert.equal(told(ask({ ...where, leases }, 'REQUEST', { ciaddr: ip(HELD) })), 'NAK 0.0.0.0');
  });
  test('a fixed address that another still holds', () => {
    const machines = [machine(MAC, { ip: ip(HELD) })];
    const site = { identity: 'id:ff0b', mac: '52:54:00:aa:00:02', clientId: 'ff0b', machines };
    assert.equal(told(ask(siteOf(site), 'DISCOVER')), 'OFFER 10.11.11.50');
  });
});

test('a lease that goes by the old name is nobody else’s to renew', () => {
  const where = siteOf({ identity: `mac:${MAC}` });
  const stranger: Ipv4 = ip(HELD);
  const chaddr = Uint8Array.of(0x52, 0x54, 0, 0xaa, 0, 9);
  assert.equal(told(ask(where, 'REQUEST', { ciaddr: stranger, chaddr })), 'NAK 0.0.0.0');
});
