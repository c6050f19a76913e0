import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Allocation,
  allocateForDiscover,
  allocateForRequest,
  type Claim,
  type Place,
} from '../../src/leases/allocate.ts';
import { declineBinding, releaseBinding } from '../../src/leases/give-up.ts';
import type { Binding } from '../../src/leases/store.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { binding, claim, ip, NOW, network, subnet } from './rules.ts';

const RACK = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.12');
const EXPIRED = { expiresAt: NOW - 1, touchedAt: NOW - 5000 };

/** `offer 10.0.0.10`, `bind 10.0.0.10`, `nak`, `silence`, `withdraw 10.0.0.10`. */
function short(allocation: Allocation): string {
  if (allocation.kind === 'offer' || allocation.kind === 'withdraw')
    return `${allocation.kind} ${formatIpv4(allocation.ip)}`;
  return allocation.kind === 'bind' ? `bind ${formatIpv4(allocation.binding.ip)}` : allocation.kind;
}

interface Case {
  readonly leases?: readonly Binding[];
  readonly claim: Claim;
  readonly place?: Partial<Place>;
  readonly offered?: { readonly to: string; readonly ip: string };
  readonly gives: string;
}

function run(each: Case, allocate: typeof allocateForDiscover): void {
  const { table, place } = network(RACK, ...(each.leases ?? []));
  if (each.offered !== undefined) {
    table.offer({ ip: ip(each.offered.ip), identity: each.offered.to, since: NOW, expiresAt: NOW + 30_000 });
  }
  assert.equal(short(allocate(each.claim, { ...place, ...each.place })), each.gives);
}

describe('DISCOVER: the order of RFC 2131 §4.3.1', () => {
  const cases: Record<string, Case> = {
    'a newcomer gets the first address of the pool': { claim: claim('a'), gives: 'offer 10.0.0.10' },
    'its current binding before what it asks for': {
      leases: [binding('10.0.0.11', 'a')],
      claim: claim('a', { requestedIp: ip('10.0.0.12') }),
      gives: 'offer 10.0.0.11',
    },
    'its expired binding': {
      leases: [binding('10.0.0.12', 'a', EXPIRED)],
      claim: claim('a'),
      gives: 'offer 10.0.0.12',
    },
    'its released binding': {
      leases: [binding('10.0.0.12', 'a', { state: 'released' })],
      claim: claim('a'),
      gives: 'offer 10.0.0.12',
    },
    'of two earlier addresses the later one': {
      leases: [
        binding('10.0.0.10', 'a', EXPIRED),
        binding('10.0.0.12', 'a', { ...EXPIRED, touchedAt: NOW - 10 }),
      ],
      claim: claim('a'),
      gives: 'offer 10.0.0.12',
    },
    'an earlier address that is offered to somebody else is not free': {
      leases: [binding('10.0.0.12', 'a', EXPIRED)],
      offered: { to: 'b', ip: '10.0.0.12' },
      claim: claim('a'),
      gives: 'offer 10.0.0.10',
    },
    'the address that it asks for, when free': {
      claim: claim('a', { requestedIp: ip('10.0.0.12') }),
      gives: 'offer 10.0.0.12',
    },
    'not the address that it asks for, when bound': {
      leases: [binding('10.0.0.12', 'b')],
      claim: claim('a', { requestedIp: ip('10.0.0.12') }),
      gives: 'offer 10.0.0.10',
    },
    'not an address outside the pools': {
      claim: claim('a', { requestedIp: ip('10.0.0.99') }),
      gives: 'offer 10.0.0.10',
    },
    'not an address of another network': {
      claim: claim('a', { requestedIp: ip('10.9.0.10') }),
      gives: 'offer 10.0.0.10',
    },
    'the same address for a repeated DISCOVER': {
      offered: { to: 'a', ip: '10.0.0.11' },
      claim: claim('a'),
      gives: 'offer 10.0.0.11',
    },
    'an untouched address before one that was used': {
      leases: [binding('10.0.0.10', 'b', EXPIRED)],
      claim: claim('a'),
      gives: 'offer 10.0.0.11',
    },
    'when none is untouched, the one least recently used': {
      leases: [
        binding('10.0.0.10', 'b', { expiresAt: NOW - 1, touchedAt: NOW - 1000 }),
        binding('10.0.0.11', 'c', { expiresAt: NOW - 1, touchedAt: NOW - 9000 }),
        binding('10.0.0.12', 'd', { expiresAt: NOW - 1, touchedAt: NOW - 5000 }),
      ],
      claim: claim('a'),
      gives: 'offer 10.0.0.11',
    },
    'silence when every address is bound, declined or offered': {
      leases: [binding('10.0.0.10', 'b'), binding('10.0.0.11', 'declined', { state: 'declined' })],
      offered: { to: 'c', ip: '10.0.0.12' },
      claim: claim('a'),
      gives: 'silence',
    },
    'a fixed address, outside the pools too': {
      claim: claim('a', { fixedIp: ip('10.0.0.77') }),
      gives: 'offer 10.0.0.77',
    },
    'a guest address where the fixed one does not belong': {
      claim: claim('a', { fixedIp: ip('10.9.0.77') }),
      gives: 'offer 10.0.0.10',
    },
    'a guest address while the fixed one is still leased to another': {
      leases: [binding('10.0.0.11', 'b')],
      claim: claim('a', { fixedIp: ip('10.0.0.11') }),
      gives: 'offer 10.0.0.10',
    },
    'a new address, where no pool holds its own any more': {
      leases: [binding('10.0.0.40', 'a')],
      claim: claim('a'),
      gives: 'offer 10.0.0.10',
    },
    'a guest address for the machine that declined its fixed one': {
      leases: [binding('10.0.0.77', 'declined by 52:54:00:00:00:01', { state: 'declined' })],
      claim: claim('a', { fixedIp: ip('10.0.0.77') }),
      gives: 'offer 10.0.0.10',
    },
    "nobody gets another machine's fixed address": {
      place: { isReserved: (address) => address <= ip('10.0.0.11') },
      claim: claim('a', { requestedIp: ip('10.0.0.11') }),
      gives: 'offer 10.0.0.12',
    },
  };
  for (const [name, each] of Object.entries(cases)) test(name, () => run(each, allocateForDiscover));
});

describe('REQUEST: the four states of RFC 2131 §4.3.2', () => {
  const OURS = ip('10.0.0.1');
  const cases: Record<string, Case> = {
    'SELECTING: takes the offer': {
      offered: { to: 'a', ip: '10.0.0.11' },
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'SELECTING: late, but the address is still free': {
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'SELECTING: late, and the address is gone': {
      leases: [binding('10.0.0.11', 'b')],
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'SELECTING: a second address beside the lease that it has': {
      leases: [binding('10.0.0.10', 'a')],
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'SELECTING: another address than its lease, which it was offered all the same': {
      leases: [binding('10.0.0.10', 'a')],
      offered: { to: 'a', ip: '10.0.0.11' },
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'SELECTING: another address than the one that it had, which is over': {
      leases: [binding('10.0.0.10', 'a', EXPIRED)],
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'SELECTING: another address than its lease, which has been taken out of the pools': {
      leases: [binding('10.0.0.99', 'a')],
      claim: claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'SELECTING: another server is chosen, our offer ends': {
      offered: { to: 'a', ip: '10.0.0.11' },
      claim: claim('a', { serverId: ip('10.0.0.2'), requestedIp: ip('10.0.0.99') }),
      gives: 'withdraw 10.0.0.11',
    },
    'SELECTING: another server is chosen, we had offered nothing': {
      claim: claim('a', { serverId: ip('10.0.0.2'), requestedIp: ip('10.0.0.99') }),
      gives: 'silence',
    },
    'INIT-REBOOT: keeps its address': {
      leases: [binding('10.0.0.11', 'a')],
      claim: claim('a', { requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'INIT-REBOOT: remembers another address than ours': {
      leases: [binding('10.0.0.11', 'a')],
      claim: claim('a', { requestedIp: ip('10.0.0.12') }),
      gives: 'nak',
    },
    'INIT-REBOOT: on the wrong network': {
      claim: claim('a', { requestedIp: ip('192.168.1.5') }),
      gives: 'nak',
    },
    'INIT-REBOOT: on the wrong network, not authoritative': {
      place: { authoritative: false },
      claim: claim('a', { requestedIp: ip('192.168.1.5') }),
      gives: 'silence',
    },
    'INIT-REBOOT: unknown, not authoritative': {
      place: { authoritative: false },
      claim: claim('a', { requestedIp: ip('10.0.0.11') }),
      gives: 'silence',
    },
    'INIT-REBOOT: unknown, its address is free': {
      claim: claim('a', { requestedIp: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'INIT-REBOOT: unknown, its address is taken': {
      leases: [binding('10.0.0.11', 'b')],
      claim: claim('a', { requestedIp: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'INIT-REBOOT: a machine that got a fixed address meanwhile': {
      leases: [binding('10.0.0.11', 'a')],
      claim: claim('a', { requestedIp: ip('10.0.0.11'), fixedIp: ip('10.0.0.77') }),
      gives: 'nak',
    },
    'RENEWING: more time': {
      leases: [binding('10.0.0.11', 'a')],
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'RENEWING: an address that is bound to another': {
      leases: [binding('10.0.0.11', 'b')],
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'INIT-REBOOT: its own address, which no pool holds any more': {
      leases: [binding('10.0.0.40', 'a')],
      claim: claim('a', { requestedIp: ip('10.0.0.40') }),
      gives: 'nak',
    },
    'RENEWING: its own address, which no pool holds any more': {
      leases: [binding('10.0.0.40', 'a')],
      claim: claim('a', { ciaddr: ip('10.0.0.40') }),
      gives: 'nak',
    },
    'RENEWING: its own address, which is fixed for another now': {
      leases: [binding('10.0.0.11', 'a')],
      place: { isReserved: (address) => address === ip('10.0.0.11') },
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'RENEWING: a fixed address outside the pools': {
      claim: claim('a', { ciaddr: ip('10.0.0.77'), fixedIp: ip('10.0.0.77') }),
      gives: 'bind 10.0.0.77',
    },
    'REBINDING: unknown here, not authoritative': {
      place: { authoritative: false },
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'silence',
    },
    'REBINDING: unknown here, free, authoritative': {
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'bind 10.0.0.11',
    },
    'REBINDING: a free address beside the lease that it has': {
      leases: [binding('10.0.0.10', 'a')],
      claim: claim('a', { ciaddr: ip('10.0.0.11') }),
      gives: 'nak',
    },
    'RENEWING: of two leases the older one, too': {
      leases: [binding('10.0.0.10', 'a', { touchedAt: NOW - 9000 }), binding('10.0.0.11', 'a')],
      claim: claim('a', { ciaddr: ip('10.0.0.10') }),
      gives: 'bind 10.0.0.10',
    },
    'neither server nor address': { claim: claim('a'), gives: 'silence' },
  };
  for (const [name, each] of Object.entries(cases)) test(name, () => run(each, allocateForRequest));

  test('a binding lasts for the lease time of its subnet', () => {
    const { place } = network(RACK);
    const allocation = allocateForRequest(
      claim('a', { serverId: OURS, requestedIp: ip('10.0.0.11') }),
      place,
    );
    assert.equal(allocation.kind === 'bind' && allocation.binding.expiresAt, NOW + 3600 * 1000);
  });
});

describe('DECLINE and RELEASE', () => {
  test('a declined address is out of the pool, for whoever asks', () => {
    const { table, place } = network(RACK, binding('10.0.0.10', 'a'));
    const declined = declineBinding(claim('a', { requestedIp: ip('10.0.0.10') }), place);
    assert.equal(declined?.state, 'declined');
    if (declined !== undefined) table.bind(declined);
    assert.equal(short(allocateForDiscover(claim('a'), place)), 'offer 10.0.0.11');
  });
  test('a client that declines address after address takes none out for long: its pool is not emptied', () => {
    const { table, place } = network(subnet('10.0.0.0/24', '10.0.0.10-10.0.0.99'));
    let now = NOW;
    for (let turn = 0; turn < 360; turn++) {
      table.expire(now);
      // One hardware address, whatever identifier it goes by.
      const identity = `id:${turn}`;
      const offer = allocateForDiscover(claim(identity), { ...place, now });
      assert.ok(offer.kind === 'offer', `turn ${turn}: ${offer.reason}`);
      table.offer({ ip: offer.ip, identity, since: now, expiresAt: now + 30_000 });
      const declined = declineBinding(claim(identity, { requestedIp: offer.ip }), { ...place, now });
      assert.ok(declined);
      table.bind(declined);
      now += 10_000;
    }
    const { declined } = table.counts();
    assert.ok(declined <= 8 + 31, `${declined} addresses are out`);
    const other = declineBinding(
      claim('b', { mac: '52:54:00:00:00:02', requestedIp: ip('10.0.0.10') }),
      place,
    );
    assert.equal(other, undefined);
  });
  test('a client that declines a few times is believed', () => {
    const { table, place } = network(RACK, binding('10.0.0.10', 'a'), binding('10.0.0.11', 'a'));
    for (const address of ['10.0.0.10', '10.0.0.11']) {
      const declined = declineBinding(claim('a', { requestedIp: ip(address) }), place);
      assert.equal(declined?.expiresAt, NOW + 24 * 3600 * 1000);
      if (declined !== undefined) table.bind(declined);
    }
  });
  test('nobody declines what another holds', () => {
    const { place } = network(RACK, binding('10.0.0.10', 'b'));
    assert.equal(declineBinding(claim('a', { requestedIp: ip('10.0.0.10') }), place), undefined);
  });
  test('a released address is free for others, and its client is remembered', () => {
    const { table, place } = network(RACK, binding('10.0.0.10', 'a', { hostname: 'node1' }));
    const released = releaseBinding(claim('a', { ciaddr: ip('10.0.0.10') }), place);
    assert.deepEqual([released?.state, released?.hostname], ['released', 'node1']);
    if (released !== undefined) table.bind(released);
    assert.equal(short(allocateForDiscover(claim('a'), place)), 'offer 10.0.0.10');
    const wish = claim('b', { requestedIp: ip('10.0.0.10') });
    assert.equal(short(allocateForDiscover(wish, place)), 'offer 10.0.0.10');
  });
  test('who comes late with a RELEASE or DECLINE takes nothing from the client that is offered the address now', () => {
    const { table, place } = network(RACK, binding('10.0.0.10', 'a', EXPIRED));
    table.expire(NOW);
    table.offer({ ip: ip('10.0.0.10'), identity: 'b', since: NOW, expiresAt: NOW + 30_000 });
    assert.equal(releaseBinding(claim('a', { ciaddr: ip('10.0.0.10') }), place), undefined);
    assert.equal(declineBinding(claim('a', { requestedIp: ip('10.0.0.10') }), place), undefined);
  });
  test('nobody releases what another holds', () => {
    const { place } = network(RACK, binding('10.0.0.10', 'b'));
    assert.equal(releaseBinding(claim('a', { ciaddr: ip('10.0.0.10') }), place), undefined);
  });
});
