import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocateForDiscover, allocateForRequest } from '../../src/leases/allocate.ts';
import { declineBinding, releaseBinding } from '../../src/leases/give-up.ts';
import type { Binding } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { formatIpv4, type Ipv4, inRange, inSubnet } from '../../src/values/ipv4.ts';
import { binding, claim, ip, NOW, network, subnet } from './rules.ts';

const RACK = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.13', '10.0.0.20-10.0.0.21');

test('random sequences of messages and time: never two clients on one address, never outside the pools', () => {
  const step = fc.record({
    client: fc.integer({ min: 0, max: 8 }),
    message: fc.constantFrom('DISCOVER', 'REQUEST', 'RENEW', 'RELEASE', 'DECLINE', 'OTHER-SERVER', 'FAIL'),
    wish: fc.integer({ min: 8, max: 23 }),
    wait: fc.constantFrom(0, 0, 1000, 31_000, 4_000_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { table, place: start } = network(RACK);
      let now = NOW;
      /** Who believes to hold an address, and until when: what a real network would look like. */
      const held = new Map<string, { ip: Ipv4; until: number }>();
      const offered = new Map<string, Ipv4>();
      for (const { client, message, wish, wait } of steps) {
        now += wait;
        table.expire(now);
        const place = { ...start, now };
        const identity = `client-${client}`;
        const mine = held.get(identity);
        const wanted = ip(`10.0.0.${wish}`);
        if (message === 'DISCOVER') {
          const got = allocateForDiscover(claim(identity, { requestedIp: wanted }), place);
          if (got.kind !== 'offer') continue;
          table.offer({ ip: got.ip, identity, since: now, expiresAt: now + 30_000 });
          offered.set(identity, got.ip);
        } else if (message === 'RELEASE') {
          const released = releaseBinding(claim(identity, { ciaddr: mine?.ip ?? wanted }), place);
          if (released !== undefined) table.bind(released);
          held.delete(identity);
        } else if (message === 'DECLINE') {
          const declined = declineBinding(claim(identity, { requestedIp: mine?.ip ?? wanted }), place);
          if (declined !== undefined) table.bind(declined);
          held.delete(identity);
        } else if (message === 'OTHER-SERVER') {
          const got = allocateForRequest(claim(identity, { serverId: 1, requestedIp: wanted }), place);
          if (got.kind === 'withdraw') table.withdraw(got.ip);
        } else {
          const asks =
            message === 'RENEW'
              ? { ciaddr: mine?.ip ?? wanted }
              : { serverId: place.serverId, requestedIp: offered.get(identity) ?? wanted };
          const got = allocateForRequest(claim(identity, asks), place);
          if (got.kind === 'nak') held.delete(identity);
          if (got.kind !== 'bind') continue;
          const before = table.bind(got.binding);
          if (message === 'FAIL') {
            table.undo(got.binding.ip, before);
            continue;
          }
          held.set(identity, { ip: got.binding.ip, until: got.binding.expiresAt });
        }
        const running = table
          .of(identity)
          .filter(({ state, expiresAt }) => state === 'bound' && expiresAt > now);
        assert.ok(running.length <= 1, `${identity} has two leases`);
        const live = [...held].filter(([, { until }]) => until > now);
        const addresses = live.map(([, { ip: address }]) => formatIpv4(address));
        assert.equal(
          new Set(addresses).size,
          addresses.length,
          `two clients on one address: ${addresses.join(' ')}`,
        );
        for (const [, { ip: address }] of live) {
          assert.ok(RACK.pools.some((pool) => inRange(address, pool)) && inSubnet(address, RACK.subnet));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('every address of the pools is given out, once, and then none', () => {
  const { table, place } = network(RACK);
  const given: string[] = [];
  for (let client = 0; client < 10; client++) {
    const got = allocateForDiscover(claim(`c${client}`), place);
    if (got.kind !== 'offer') continue;
    table.offer({ ip: got.ip, identity: `c${client}`, since: NOW, expiresAt: NOW + 30_000 });
    given.push(formatIpv4(got.ip));
  }
  assert.deepEqual(given, ['10.0.0.10', '10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.20', '10.0.0.21']);
});

test('what runs out comes back: offers after their time, bindings after theirs', () => {
  const table = createLeaseTable(RACK.pools);
  const everything = { first: ip('10.0.0.0'), last: ip('10.0.0.255') };
  const next = () => table.nextFree(everything, () => false);
  for (let host = 10; host <= 13; host++) {
    table.bind(binding(`10.0.0.${host}`, `b${host}`, { expiresAt: NOW + host * 1000 }));
  }
  table.offer({ ip: ip('10.0.0.20'), identity: 'x', since: NOW, expiresAt: NOW + 500 });
  table.offer({ ip: ip('10.0.0.21'), identity: 'y', since: NOW, expiresAt: NOW + 60_000 });
  assert.equal(next(), undefined);
  table.expire(NOW + 600);
  assert.equal(next(), ip('10.0.0.20'));
  table.offer({ ip: ip('10.0.0.20'), identity: 'z', since: NOW, expiresAt: NOW + 90_000 });
  table.expire(NOW + 12_500);
  assert.equal(next(), ip('10.0.0.10'));
  assert.equal(table.at(ip('10.0.0.10'))?.identity, 'b10', 'the expired client is still remembered');
});

test('an offer that is held for long keeps no other from ending', () => {
  const table = createLeaseTable(RACK.pools);
  table.offer({ ip: ip('10.0.0.10'), identity: 'pi', since: NOW, expiresAt: NOW + 600_000 });
  table.offer({ ip: ip('10.0.0.11'), identity: 'pc', since: NOW, expiresAt: NOW + 30_000 });
  table.expire(NOW + 30_000);
  assert.deepEqual([table.offerOf('pi')?.ip, table.offerOf('pc')], [ip('10.0.0.10'), undefined]);
  table.expire(NOW + 600_000);
  assert.equal(table.offers, 0);
});

test('offers that nobody takes come round again, so that a flood on a huge pool costs bounded memory', () => {
  const pool = { first: ip('10.0.0.1'), last: ip('10.255.255.254') };
  const table = createLeaseTable([pool]);
  const given = new Set<number>();
  for (let second = 0; second < 100; second++) {
    const now = NOW + second * 1000;
    table.expire(now);
    for (let client = 0; client < 2000; client++) {
      const address = table.nextFree(pool, () => false);
      if (address === undefined) throw new Error('a pool of millions is empty');
      given.add(address);
      table.offer({ ip: address, identity: `${second} ${client}`, since: now, expiresAt: now + 1000 });
    }
  }
  assert.ok(given.size < 70_000, `${given.size} addresses were touched by 2000 clients a second`);
});

test('a clock that is set back keeps no offer in force, and no lease is over sooner', () => {
  const { table, place } = network(RACK, binding('10.0.0.12', 'b', { expiresAt: NOW + 60_000 }));
  const day = 24 * 3600 * 1000;
  table.offer({ ip: ip('10.0.0.11'), identity: 'a', since: NOW, expiresAt: NOW + 30_000 });
  const then = { ...place, now: NOW - day };
  const wish = (address: string) => allocateForDiscover(claim('c', { requestedIp: ip(address) }), then);
  assert.deepEqual(wish('10.0.0.11').kind === 'offer' && wish('10.0.0.11'), {
    kind: 'offer',
    ip: ip('10.0.0.11'),
    policy: RACK,
    reason: 'the address it asked for',
    fresh: true,
    age: undefined,
  });
  table.expire(then.now);
  assert.equal(table.offers, 0);
  table.offer({ ip: ip('10.0.0.11'), identity: 'c', since: then.now, expiresAt: then.now + 30_000 });
  table.expire(then.now + 30_000);
  assert.equal(table.offers, 0);
  table.expire(NOW + 59_000);
  assert.equal(table.counts().bound, 1);
  table.expire(NOW + 61_000);
  assert.equal(table.counts().bound, 0);
});

test('a clock that was ahead for a while, and is set right, ends nobody’s lease', () => {
  const { table, place } = network(RACK, binding('10.0.0.30', 'fixed'));
  const pool = ['10.0.0.10', '10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.20', '10.0.0.21'];
  for (const [index, address] of pool.entries()) table.bind(binding(address, `client-${index}`));
  table.bind(binding('10.0.0.21', 'gone', { state: 'released' }));
  table.expire(NOW + 86_400_000);
  assert.equal(table.counts().bound, 0);
  table.offer({ ip: ip('10.0.0.10'), identity: 'new', since: NOW + 86_400_000, expiresAt: NOW + 86_430_000 });
  table.expire(NOW);
  assert.deepEqual(table.counts(), { bound: 6, declined: 0, expired: 0, released: 1 });
  const offer = (identity: string) => allocateForDiscover(claim(identity), place);
  const last = offer('new');
  assert.equal(last.kind === 'offer' && last.ip, ip('10.0.0.21'));
  table.bind(binding('10.0.0.21', 'new'));
  assert.equal(offer('another').kind, 'silence', 'there is nothing to offer that could be acknowledged');
  table.expire(NOW + 86_400_000);
  assert.equal(table.counts().bound, 0, 'they end in their time');
});

test('undo puts back exactly what stood there', () => {
  const table = createLeaseTable(RACK.pools);
  const old = binding('10.0.0.11', 'a', { hostname: 'old', clientId: '01aa' });
  table.bind(old);
  const before = table.bind(binding('10.0.0.11', 'b'));
  table.undo(ip('10.0.0.11'), before);
  assert.deepEqual(table.at(ip('10.0.0.11')), old);
  assert.deepEqual(table.of('b'), []);
  const nothing = table.bind(binding('10.0.0.12', 'c'));
  table.undo(ip('10.0.0.12'), nothing);
  assert.equal(table.at(ip('10.0.0.12')), undefined);
  assert.deepEqual(table.of('c'), []);
});

test('a bind tells what stood there: the same client, or one that differs in one name', () => {
  const names = { identity: 'id:01aa', mac: '52:54:00:aa:00:01', clientId: '01aa', hostname: 'web' };
  const own = { mac: names.mac, identity: `mac:${names.mac}`, clientId: '01525400aa0001' };
  const cases: Partial<Binding>[] = [
    names,
    { ...names, identity: 'machine:1' },
    { ...names, mac: '52:54:00:aa:00:02' },
    { ...names, mac: '80:00:02' },
    { ...names, clientId: '01ab' },
    { ...names, clientId: undefined },
    { ...names, hostname: undefined },
    own,
    { ...own, clientId: undefined },
  ];
  for (const was of cases) {
    for (const is of cases) {
      const table = createLeaseTable(RACK.pools);
      const old = { ...binding('10.0.0.11', 'a'), clientId: undefined, hostname: undefined, ...was };
      const next = {
        ...old,
        clientId: undefined,
        hostname: undefined,
        ...is,
        touchedAt: NOW + 1,
        state: 'released',
      };
      table.bind(old);
      assert.deepEqual(table.bind(next as Binding), old);
      assert.equal(table.isHeldBy(old.ip, next.identity), true);
      assert.equal(table.isHeldBy(old.ip, `${next.identity}0`), false);
    }
  }
});

test('hardware addresses of any length are kept as they are', () => {
  const table = createLeaseTable(RACK.pools);
  for (const mac of ['', '0a', '80:00:02:08:fe:80:00:00', 'ff:ff:ff:ff:ff:ff']) {
    table.bind(binding('10.0.0.11', 'a', { mac }));
    assert.equal(table.at(ip('10.0.0.11'))?.mac, mac);
  }
});

test('a change of the pools keeps bindings and frees what is idle, least recently used first', () => {
  const table = createLeaseTable(RACK.pools);
  table.bind(binding('10.0.0.10', 'a', { state: 'released', touchedAt: NOW - 10 }));
  table.bind(binding('10.0.0.11', 'b', { state: 'released', touchedAt: NOW - 20 }));
  table.bind(binding('10.0.0.12', 'c'));
  table.setPools([{ first: ip('10.0.0.10'), last: ip('10.0.0.12') }]);
  const everything = { first: 0, last: 0xffff_ffff };
  assert.equal(
    table.nextFree(everything, () => false),
    ip('10.0.0.11'),
  );
  assert.equal(
    table.nextFree(everything, (address) => address === ip('10.0.0.11')),
    ip('10.0.0.10'),
  );
  assert.equal(table.at(ip('10.0.0.12'))?.identity, 'c');
});
