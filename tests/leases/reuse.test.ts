/** Who is told the lease that it has, and who gets a new one (RFC 2131 §4.3.1, reuse.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Allocation,
  allocateForBootp,
  allocateForDiscover,
  allocateForRequest,
  type Claim,
} from '../../src/leases/allocate.ts';
import { timesLeft } from '../../src/leases/reuse.ts';
import type { Binding } from '../../src/leases/store.ts';
import { binding, claim, ip, NOW, network, subnet } from './rules.ts';

/** A lease of an hour, T1 at half of it; told again in the first quarter. */
const RACK = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.12');
const HELD = '10.0.0.11';
const SELECTING = { requestedIp: ip(HELD), serverId: ip('10.0.0.1') };

/** The lease as it is after so many milliseconds. */
const lease = (age: number, more: Partial<Binding> = {}): Binding =>
  binding(HELD, 'a', { clientId: 'a', expiresAt: NOW + 3_600_000 - age, ...more });

interface Case {
  readonly holds?: Binding;
  readonly asks?: Partial<Claim>;
  readonly policy?: Partial<typeof RACK>;
  /** Seconds; undefined: a new lease. */
  readonly age: number | undefined;
}

const cases: Record<string, Case> = {
  'the same moment': { holds: lease(0), age: 0 },
  'a second that has begun counts, so that nobody is told more than is stored': { holds: lease(1), age: 1 },
  'a minute later': { holds: lease(60_000), age: 60 },
  'at the end of reuseTime': { holds: lease(900_000), age: 900 },
  'after it': { holds: lease(900_001), age: undefined },
  'reuseTime: 0s': { holds: lease(1), policy: { reuseTime: 0 }, age: undefined },
  'once its T1 would have come': { holds: lease(30_000), policy: { renewTime: 30 }, age: undefined },
  'just before': { holds: lease(29_000), policy: { renewTime: 30 }, age: 29 },
  'a time of its own in the request': { holds: lease(60_000), asks: { asksTime: true }, age: undefined },
  'a lease that ends later than a new one would: the configuration was changed, or the clock': {
    holds: lease(-60_000),
    age: undefined,
  },
  'another host name than the stored one': {
    holds: lease(60_000),
    asks: { hostname: 'node1' },
    age: undefined,
  },
  'no host name now': { holds: lease(60_000, { hostname: 'node1' }), age: 60 },
  'another client identifier of the same identity, as ROM, boot loader and system have': {
    holds: lease(60_000, { clientId: 'b' }),
    age: 60,
  },
  'another MAC address': { holds: lease(60_000, { mac: '52:54:00:00:00:09' }), age: undefined },
  'a lease under an earlier name': { holds: lease(60_000, { identity: 'z' }), age: undefined },
  'its fixed address': { holds: lease(60_000), asks: { fixedIp: ip(HELD) }, age: 60 },
  'a released lease': { holds: lease(60_000, { state: 'released' }), age: undefined },
  'a lease that is over': { holds: lease(3_600_001), policy: { reuseTime: 9999 }, age: undefined },
  'no lease': { age: undefined },
};

const ageOf = (allocation: Allocation): number | undefined =>
  allocation.kind === 'keep' || allocation.kind === 'offer' ? allocation.age : undefined;

for (const [name, { holds, asks, policy, age }] of Object.entries(cases)) {
  describe(name, () => {
    const at = () => network({ ...RACK, ...policy }, ...(holds === undefined ? [] : [holds])).place;
    const granted = age === undefined ? 'bind' : 'keep';

    test('SELECTING', () => {
      const allocation = allocateForRequest(claim('a', { ...SELECTING, ...asks }), at());
      assert.deepEqual([allocation.kind, ageOf(allocation)], [granted, age]);
    });

    test('INIT-REBOOT', () => {
      const allocation = allocateForRequest(claim('a', { requestedIp: ip(HELD), ...asks }), at());
      assert.deepEqual([allocation.kind, ageOf(allocation)], [granted, age]);
    });

    test('DISCOVER is told what the REQUEST will be', () => {
      const allocation = allocateForDiscover(claim('a', { requestedIp: ip(HELD), ...asks }), at());
      assert.deepEqual([allocation.kind, ageOf(allocation)], ['offer', age]);
    });
  });
}

test('who renews or rebinds gets more time', () => {
  const { place } = network(RACK, lease(60_000));
  const allocation = allocateForRequest(claim('a', { ciaddr: ip(HELD) }), place);
  assert.equal(allocation.kind === 'bind' && allocation.binding.expiresAt, NOW + 3_600_000);
});

test('a BOOTP client’s lease is for good, whatever it had', () => {
  const { place } = network({ ...RACK, bootp: true }, lease(60_000));
  assert.equal(allocateForBootp(claim('a'), place).kind, 'bind');
});

test('a lease is told again once it is durable, and not before', () => {
  const { table, place } = network(RACK);
  const ask = (): string => allocateForRequest(claim('a', SELECTING), place).kind;
  table.bind(lease(60_000));
  assert.equal(ask(), 'bind');
  table.bind(lease(50_000));
  table.saved(ip(HELD));
  assert.equal(ask(), 'bind', 'the second of two is not');
  table.saved(ip(HELD));
  assert.equal(ask(), 'keep');
  const before = table.bind(lease(0));
  table.undo(ip(HELD), before);
  assert.equal(ask(), 'keep', 'what was taken back left the stored one');
});

test('T1 and T2 come when they would have come', () => {
  assert.deepEqual(timesLeft(RACK, 100), { leaseTime: 3500, renewTime: 1700, rebindTime: 3050 });
});
