/** What the server does while leases cannot be stored, over a wire of arrays, a disk and a clock moved by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from '../../src/decide/decision.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import { type Binding, type LeaseStore, StoreUnavailable } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import type { Machine } from '../../src/profiles/model.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { releaseLease } from '../../src/serve/release.ts';
import { watchStore } from '../../src/serve/store-health.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { machine, world as makeWorld } from '../decide/world.ts';
import { binding, ip, NOW, subnet } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { createWire, NIC } from './wire.ts';

/** Holds commits until write() or fail(), as a disk does that is slow and then full. */
function createDisk() {
  const stored = new Map<number, Binding>();
  let waiting: {
    changes: readonly Binding[];
    resolve: (refusals: []) => void;
    reject: (error: Error) => void;
  }[] = [];
  const store: LeaseStore = {
    async load() {},
    commit: (changes) => new Promise((resolve, reject) => void waiting.push({ changes, resolve, reject })),
    async close() {},
  };
  const turn = () => new Promise<void>((done) => setImmediate(done));
  return {
    store,
    stored,
    waiting: () => waiting.length,
    async write() {
      for (const { changes, resolve } of waiting.splice(0)) {
        for (const each of changes) stored.set(each.ip, each);
        resolve([]);
      }
      await turn();
    },
    async fail() {
      const failed = waiting.reverse();
      waiting = [];
      for (const { reject } of failed) reject(new StoreUnavailable('disk full', 'make room'));
      await turn();
    },
  };
}

/** `list` puts machines into the inventory while it serves. */
function serve() {
  const rack = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.19');
  const wire = createWire();
  const disk = createDisk();
  const table = createLeaseTable(rack.pools);
  const clock = createHandClock(NOW);
  const records: JournalRecord[] = [];
  const journal = { write: (record: JournalRecord) => void records.push(record) };
  const { store, fault } = watchStore({ store: disk.store, journal, clock });
  let base = makeWorld('full', []);
  const list = (...machines: readonly Machine[]): void => {
    base = makeWorld('full', [], machines);
  };
  const world = (): World => ({
    ...base,
    leases: table,
    policy: { ...base.policy, subnets: [rack] },
    storeFault: fault(),
    now: clock.wall(),
  });
  createDhcpService({
    network: wire.network,
    nic: () => NIC,
    ports: [67],
    table,
    store,
    clients: createClients(),
    history: createBootHistory(undefined),
    clock,
    limit: { allows: () => true },
    journal,
    world,
  });
  /** `1 ACK 10.0.0.10 3600`, since the last call. */
  let seen = 0;
  const replies = (): string[] => {
    const news = wire.replies().slice(seen);
    seen += news.length;
    return news.map((reply) => {
      const time = reply.options.get(OPTION.LEASE_TIME);
      const seconds = time === undefined ? '' : ` ${new DataView(time.buffer, time.byteOffset).getUint32(0)}`;
      return `${reply.xid} ${messageType(reply)} ${formatIpv4(reply.yiaddr)}${seconds}`;
    });
  };
  const ignored = (): string[] =>
    records.flatMap((record) =>
      record.kind === 'decision' && record.code !== undefined ? [record.code] : [],
    );
  const notices = (): string[] =>
    records.flatMap((record) => (record.kind === 'notice' ? [`${record.level} ${record.message}`] : []));
  return { wire, disk, table, store, clock, list, fault, replies, ignored, notices };
}

const octets = (address: string) => Uint8Array.from(address.split('.').map(Number));

function message(type: MessageName, client: number, more: { asks?: string; ciaddr?: string } = {}): Packet {
  const packet = imaginePacket({ mac: `52:54:00:00:00:0${client}`, vendorClass: 'test' });
  const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, messageTypeBytes(type));
  if (more.asks !== undefined) {
    options.set(OPTION.REQUESTED_ADDRESS, octets(more.asks)).set(OPTION.SERVER_ID, octets('10.0.0.1'));
  }
  const ciaddr = more.ciaddr === undefined ? 0 : ip(more.ciaddr);
  return { ...packet, xid: client, ciaddr, options };
}

async function bound(client: number, address: string) {
  const site = serve();
  site.wire.deliver(67, message('REQUEST', client, { asks: address }));
  await site.disk.write();
  assert.deepEqual(site.replies(), [`${client} ACK ${address} 3600`]);
  return site;
}

test('a running lease is renewed until its stored end, and no later', async () => {
  const { wire, disk, clock, table, replies } = await bound(1, '10.0.0.10');
  clock.advance(1_000_000);
  wire.deliver(67, message('REQUEST', 1, { ciaddr: '10.0.0.10' }));
  await disk.fail();
  assert.deepEqual(replies(), ['1 ACK 10.0.0.10 2600']);
  const ack = wire.replies().at(-1);
  const times = [OPTION.RENEWAL_TIME, OPTION.REBINDING_TIME].map((code) => ack?.options.get(code)?.toHex());
  assert.deepEqual(
    times,
    [1300, 2275].map((seconds) => seconds.toString(16).padStart(8, '0')),
  );
  assert.equal(table.at(ip('10.0.0.10'))?.expiresAt, disk.stored.get(ip('10.0.0.10'))?.expiresAt);
  clock.advance(2_600_000);
  wire.deliver(67, message('REQUEST', 1, { ciaddr: '10.0.0.10' }));
  await disk.fail();
  assert.deepEqual(replies(), [], 'it has ended, and a new one cannot be stored');
});

test('a client that goes by another name since, as it was listed in the inventory, renews as long', async () => {
  for (const pinned of [undefined, ip('10.0.0.10')]) {
    const { wire, disk, clock, list, table, replies } = await bound(1, '10.0.0.10');
    list(machine('52:54:00:00:00:01', { name: 'node1', ip: pinned }));
    clock.advance(1_000_000);
    wire.deliver(67, message('REQUEST', 1, { ciaddr: '10.0.0.10' }));
    await disk.fail();
    assert.deepEqual(replies(), ['1 ACK 10.0.0.10 2600']);
    assert.deepEqual(table.at(ip('10.0.0.10')), disk.stored.get(ip('10.0.0.10')));
    clock.advance(100_000);
    wire.deliver(67, message('REQUEST', 1, { asks: '10.0.0.10' }));
    await disk.fail();
    assert.deepEqual(replies(), ['1 ACK 10.0.0.10 2500'], 'a machine that boots, too');
  }
});

test('an address whose RELEASE could not be stored either is not promised to the client that came next', async () => {
  const { wire, disk, list, table, replies } = await bound(1, '10.0.0.10');
  list(machine('52:54:00:00:00:02', { ip: ip('10.0.0.10') }));
  wire.deliver(
    67,
    message('RELEASE', 1, { ciaddr: '10.0.0.10' }),
    message('REQUEST', 2, { asks: '10.0.0.10' }),
  );
  await disk.fail();
  assert.deepEqual(replies(), []);
  assert.deepEqual(table.at(ip('10.0.0.10')), disk.stored.get(ip('10.0.0.10')));
});

test('a renewal that rests upon another that fails too promises no more than the disk', async () => {
  const { wire, disk, clock, table, replies } = await bound(1, '10.0.0.10');
  clock.advance(600_000);
  wire.deliver(67, message('REQUEST', 1, { ciaddr: '10.0.0.10' }));
  clock.advance(600_000);
  wire.deliver(
    67,
    message('REQUEST', 1, { ciaddr: '10.0.0.10' }),
    message('REQUEST', 1, { ciaddr: '10.0.0.10' }),
  );
  assert.equal(disk.waiting(), 2);
  await disk.fail();
  assert.deepEqual(replies().sort(), [
    '1 ACK 10.0.0.10 2400',
    '1 ACK 10.0.0.10 2400',
    '1 ACK 10.0.0.10 3000',
  ]);
  assert.equal(table.at(ip('10.0.0.10'))?.expiresAt, NOW + 3_600_000);
});

test('two changes of one address in one batch are taken back in the right order', async () => {
  const { wire, disk, clock, table, replies } = await bound(1, '10.0.0.10');
  clock.advance(600_000);
  const renewal = message('REQUEST', 1, { ciaddr: '10.0.0.10' });
  wire.deliver(67, renewal, message('RELEASE', 1, { ciaddr: '10.0.0.10' }), renewal);
  await disk.fail();
  assert.deepEqual(table.at(ip('10.0.0.10')), disk.stored.get(ip('10.0.0.10')));
  assert.deepEqual(replies(), ['1 ACK 10.0.0.10 3000', '1 ACK 10.0.0.10 3000']);
});

test('a new client gets nothing: no ACK, and then no OFFER either; a known one is offered what it has', async () => {
  const { wire, disk, replies, ignored, table } = await bound(1, '10.0.0.10');
  wire.deliver(67, message('REQUEST', 2, { asks: '10.0.0.11' }));
  await disk.fail();
  assert.deepEqual([replies(), ignored(), table.size], [[], ['STORE_FAILED'], 1]);
  wire.deliver(67, message('DISCOVER', 3), message('DISCOVER', 1));
  assert.deepEqual(replies(), ['1 OFFER 10.0.0.10 3600']);
  assert.deepEqual(ignored(), ['STORE_FAILED', 'STORE_FAILED']);
  wire.deliver(67, message('REQUEST', 1, { asks: '10.0.0.10' }));
  await disk.fail();
  assert.deepEqual(replies(), ['1 ACK 10.0.0.10 3600'], 'a machine that boots gets what it has');
});

test('what has ended is not offered again to its client as long as it cannot be stored', async () => {
  const { wire, disk, clock, replies } = await bound(1, '10.0.0.10');
  clock.advance(3_601_000);
  wire.deliver(67, message('REQUEST', 2, { asks: '10.0.0.11' }));
  await disk.fail();
  wire.deliver(67, message('DISCOVER', 1));
  assert.deepEqual(replies(), []);
});

test('a RELEASE that cannot be stored frees nothing, nor does an operator’s', async () => {
  const { wire, disk, table, store, replies } = await bound(1, '10.0.0.10');
  wire.deliver(67, message('RELEASE', 1, { ciaddr: '10.0.0.10' }));
  await disk.fail();
  assert.equal(table.at(ip('10.0.0.10'))?.state, 'bound');
  const released = assert.rejects(releaseLease(table, store, ip('10.0.0.10'), NOW), StoreUnavailable);
  await disk.fail();
  await released;
  assert.equal(table.at(ip('10.0.0.10'))?.state, 'bound');
  wire.deliver(67, message('REQUEST', 1, { ciaddr: '10.0.0.10' }));
  await disk.fail();
  assert.deepEqual(replies(), ['1 ACK 10.0.0.10 3600']);
});

test('a client that asks anew while the disk is full is told the lease that it has, and nothing is tried', async () => {
  const { wire, disk, clock, replies } = await bound(1, '10.0.0.10');
  wire.deliver(67, message('REQUEST', 2, { asks: '10.0.0.11' }));
  await disk.fail();
  clock.advance(60_000);
  const tried = disk.waiting();
  wire.deliver(67, message('DISCOVER', 1), message('REQUEST', 1, { asks: '10.0.0.10' }));
  assert.deepEqual(replies(), ['1 OFFER 10.0.0.10 3540', '1 ACK 10.0.0.10 3540']);
  assert.equal(disk.waiting(), tried);
});

test('a declined address stays out, though the disk does not know', async () => {
  const { wire, disk, table, replies } = serve();
  wire.deliver(67, message('DISCOVER', 1));
  wire.deliver(67, message('REQUEST', 1, { asks: '10.0.0.10' }));
  wire.deliver(67, message('DECLINE', 1, { asks: '10.0.0.10' }));
  await disk.fail();
  assert.equal(table.at(ip('10.0.0.10'))?.state, 'declined');
  await disk.fail();
  const later = binding('10.0.0.10', 'a');
  const before = table.bind(later);
  table.saved(later.ip);
  assert.ok(table.storedLease(later), 'nothing of those changes is waited for any more');
  table.bind(before as Binding);
  table.saved(later.ip);
  replies();
  wire.deliver(67, message('REQUEST', 2, { asks: '10.0.0.11' }));
  await disk.write();
  wire.deliver(67, message('DISCOVER', 3));
  assert.equal(replies().at(-1), '3 OFFER 10.0.0.12 3600');
});

test('it is told once, tried every second, and over when the disk has room, whether or not a client comes', async () => {
  const { wire, disk, clock, fault, notices, replies } = serve();
  for (let client = 1; client <= 3; client++) {
    wire.deliver(67, message('REQUEST', client, { asks: `10.0.0.1${client}` }));
    await disk.fail();
  }
  const what = 'no new leases are given out, and those that run are renewed until their present end only';
  assert.deepEqual(notices(), [`error disk full: ${what}`]);
  assert.equal(fault(), 'disk full');
  assert.deepEqual(clock.armed(), ['lease store']);
  clock.advance(1000);
  assert.equal(disk.waiting(), 1);
  clock.advance(5000);
  assert.equal(disk.waiting(), 1, 'one try at a time');
  await disk.fail();
  assert.equal(fault(), 'disk full');
  clock.advance(1000);
  await disk.write();
  assert.equal(fault(), undefined);
  assert.deepEqual(clock.armed(), []);
  assert.equal(notices().at(-1), 'info leases can be written again, after 7 s; 3 changes could not');
  wire.deliver(67, message('DISCOVER', 4));
  assert.deepEqual(replies(), ['4 OFFER 10.0.0.10 3600']);
});

test('a disk that fails and works by turns is told of once a minute', async () => {
  const { wire, disk, clock, notices } = serve();
  const failAndRecover = async () => {
    wire.deliver(67, message('REQUEST', 1, { asks: '10.0.0.10' }));
    await disk.fail();
    clock.advance(1000);
    await disk.write();
  };
  for (let round = 0; round < 20; round++) await failAndRecover();
  assert.deepEqual(
    notices().map((notice) => notice.split(' ')[0]),
    ['error', 'info'],
  );
  clock.advance(60_000);
  await failAndRecover();
  assert.equal(notices().length, 4);
});
