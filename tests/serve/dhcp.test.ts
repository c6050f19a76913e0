import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DhcpPolicy } from '../../src/config/model.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import type { LeaseStore } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { createClientLimit } from '../../src/serve/limits.ts';
import { formatIpv4, type Ipv4 } from '../../src/values/ipv4.ts';
import { world as makeWorld } from '../decide/world.ts';
import { ip, subnet, withOptions } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

const RACK = subnet('10.0.0.0/24', '10.0.0.10-10.0.0.19');

function serve(store: LeaseStore, policy: Partial<DhcpPolicy> = {}, nic = () => NIC, backlog?: number) {
  const wire = createWire();
  const table = createLeaseTable(RACK.pools);
  const records: JournalRecord[] = [];
  const base = makeWorld('full', []);
  const world = { ...base, leases: table, policy: { ...base.policy, subnets: [RACK], ...policy } };
  let { now } = base;
  createDhcpService({
    network: wire.network,
    nic,
    ports: [67, 4011],
    table,
    store,
    clients: createClients(),
    history: createBootHistory(undefined),
    clock: createHandClock(base.now),
    limit: createClientLimit(() => 10),
    journal: { write: (record) => void records.push(record) },
    world: () => ({ ...world, now }),
    backlog,
  });
  const at = (later: number): void => {
    now += later;
  };
  return { wire, table, records, at };
}

const u32 = (address: Ipv4) =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);

function message(type: MessageName, client: number, asks?: string): Packet {
  const packet = imaginePacket({ mac: `52:54:00:00:00:0${client}`, vendorClass: 'test' });
  const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, messageTypeBytes(type));
  if (asks !== undefined) {
    options.set(OPTION.REQUESTED_ADDRESS, u32(ip(asks)));
    options.set(OPTION.SERVER_ID, u32(ip('10.0.0.1')));
  }
  return { ...packet, xid: client, options };
}

const told = (packet: Packet) => `${packet.xid} ${messageType(packet)} ${formatIpv4(packet.yiaddr)}`;

/** Lets promises that are already settled take their effect. */
const settle = () => new Promise<void>((done) => setImmediate(done));

test('no ACK leaves before its lease is durable, and one commit serves the whole batch', async () => {
  const gate = Promise.withResolvers<void>();
  const store = scriptedStore(gate.promise);
  const { wire } = serve(store);
  wire.deliver(
    67,
    message('REQUEST', 1, '10.0.0.10'),
    message('REQUEST', 2, '10.0.0.11'),
    message('DISCOVER', 3),
  );
  await settle();
  assert.deepEqual([store.commits.length, store.commits[0]?.length], [1, 2]);
  assert.deepEqual(wire.replies().map(told), ['3 OFFER 10.0.0.12'], 'what waits for nothing leaves at once');
  gate.resolve();
  await settle();
  assert.deepEqual(wire.replies().map(told), ['3 OFFER 10.0.0.12', '1 ACK 10.0.0.10', '2 ACK 10.0.0.11']);
});

test('a DISCOVER is offered an address without a commit', async () => {
  const store = scriptedStore();
  const { wire } = serve(store);
  wire.deliver(67, message('DISCOVER', 1), message('DISCOVER', 2));
  assert.deepEqual(wire.replies().map(told), ['1 OFFER 10.0.0.10', '2 OFFER 10.0.0.11']);
  assert.equal(store.commits.length, 0);
});

test('a broken store: nothing is acknowledged, nothing is bound, offers go out, and later it works again', async () => {
  const store = scriptedStore('broken');
  const { wire, table, records } = serve(store);
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'), message('DISCOVER', 2));
  await settle();
  assert.deepEqual(wire.replies().map(told), ['2 OFFER 10.0.0.11']);
  assert.equal(table.size, 0);
  const ignored = records.find((record) => record.kind === 'decision' && record.code === 'STORE_FAILED');
  assert.ok(ignored);
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
  await settle();
  assert.equal(wire.replies().map(told).at(-1), '1 ACK 10.0.0.10');
});

test('a disk that stands still costs bounded memory, and holds up nobody for longer than itself', async () => {
  const gate = Promise.withResolvers<void>();
  const { wire, table, records } = serve(scriptedStore(gate.promise, gate.promise), {}, () => NIC, 3);
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'), message('REQUEST', 2, '10.0.0.11'));
  wire.deliver(67, message('REQUEST', 3, '10.0.0.12'), message('REQUEST', 4, '10.0.0.13'));
  await settle();
  assert.equal(table.size, 3);
  const refused = records.filter((record) => record.kind === 'decision' && record.code === 'STORE_FAILED');
  assert.equal(refused.length, 1);
  gate.resolve();
  await settle();
  wire.deliver(67, message('REQUEST', 4, '10.0.0.13'));
  await settle();
  assert.deepEqual(wire.replies().map(told).sort(), [
    '1 ACK 10.0.0.10',
    '2 ACK 10.0.0.11',
    '3 ACK 10.0.0.12',
    '4 ACK 10.0.0.13',
  ]);
});

const leaseTimes = (packet: Packet | undefined): number[] =>
  [OPTION.LEASE_TIME, OPTION.RENEWAL_TIME, OPTION.REBINDING_TIME].map((code) => {
    const bytes = packet?.options.get(code) ?? Uint8Array.of(0, 0, 0, 0);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  });

test('a client that asks anew is told the lease that it has, with what is left of it, and nothing is written', async () => {
  const store = scriptedStore();
  const { wire, table, records, at } = serve(store);
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
  await settle();
  assert.deepEqual(leaseTimes(wire.replies().at(-1)), [3600, 1800, 3150]);
  at(+60_000);
  wire.deliver(67, message('DISCOVER', 1));
  assert.deepEqual(leaseTimes(wire.replies().at(-1)), [3540, 1740, 3090], 'the OFFER says what the ACK will');
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
  assert.deepEqual(wire.replies().map(told).slice(1), ['1 OFFER 10.0.0.10', '1 ACK 10.0.0.10']);
  assert.deepEqual(leaseTimes(wire.replies().at(-1)), [3540, 1740, 3090]);
  assert.deepEqual([store.commits.length, table.offers], [1, 0], 'one commit, and the offer is over');
  const [last] = records.slice(-1);
  assert.match(last?.kind === 'decision' ? last.reason : '', /^takes the offer, by the lease of 60 s ago/);
});

test('a REQUEST that is repeated while its lease is not durable waits for the disk too', async () => {
  const gate = Promise.withResolvers<void>();
  const { wire } = serve(scriptedStore(gate.promise, gate.promise));
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
  await settle();
  assert.deepEqual(wire.replies().map(told), []);
  gate.resolve();
  await settle();
  assert.deepEqual(wire.replies().map(told), ['1 ACK 10.0.0.10', '1 ACK 10.0.0.10']);
});

test('what could not be written is not told again', async () => {
  const store = scriptedStore('broken', 'ok', 'refuse-first');
  const { wire } = serve(store);
  const ask = async (): Promise<string | undefined> => {
    wire.deliver(67, message('REQUEST', 1, '10.0.0.10'));
    await settle();
    return wire.replies().map(told).at(-1);
  };
  assert.equal(await ask(), undefined);
  assert.equal(await ask(), '1 ACK 10.0.0.10');
  assert.equal(await ask(), '1 ACK 10.0.0.10');
  assert.equal(store.commits.length, 2, 'the third was told what the second had made durable');
});

test('a store that refuses: the address is another node’s, the decision is made again', async () => {
  const { wire, table } = serve(scriptedStore('refuse-first'));
  wire.deliver(67, message('REQUEST', 1, '10.0.0.10'), message('REQUEST', 2, '10.0.0.11'));
  await settle();
  assert.deepEqual(wire.replies().map(told), ['1 NAK 0.0.0.0', '2 ACK 10.0.0.11']);
  assert.equal(table.at(ip('10.0.0.10'))?.identity, 'elsewhere');
  wire.deliver(67, message('DISCOVER', 1));
  assert.equal(wire.replies().map(told).at(-1), '1 OFFER 10.0.0.12');
});

test('what is malformed is one record and no reply, and its neighbours in the batch are served', () => {
  const { wire, records } = serve(scriptedStore());
  const reply: Packet = { ...message('DISCOVER', 5), op: 2 };
  wire.deliver(67, Uint8Array.of(1, 2, 3), message('DISCOVER', 1), reply);
  assert.deepEqual(wire.replies().map(told), ['1 OFFER 10.0.0.10']);
  const codes = records.flatMap((record) =>
    record.kind === 'malformed' ? [`${record.port} ${record.code}`] : [],
  );
  assert.deepEqual(codes, ['67 TOO_SHORT', '67 BAD_OP']);
});

test('any bytes on any port leave the service standing', () => {
  const { wire } = serve(scriptedStore());
  const valid = [...new Uint8Array(240)].fill(0);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.boolean(),
      fc.constantFrom(67, 4011),
      (noise, framed, port) => {
        const bytes = framed
          ? Uint8Array.from([1, 1, 6, ...valid.slice(3, 236), 0x63, 0x82, 0x53, 0x63, ...noise])
          : noise;
        wire.deliver(port, bytes);
      },
    ),
    { numRuns: 500 },
  );
});

test('one client’s flood is not answered beyond its limit, and costs the others nothing', () => {
  const { wire, records } = serve(scriptedStore());
  wire.deliver(67, ...Array.from({ length: 80 }, () => message('DISCOVER', 1)), message('DISCOVER', 2));
  assert.equal(wire.sent.length, 51);
  assert.equal(wire.replies().map(told).at(-1), '2 OFFER 10.0.0.11');
  const refused = records.filter((record) => record.kind === 'decision' && record.code === 'RATE_LIMITED');
  assert.equal(refused.length, 30);
});

test('clients on a link without addresses are told apart by identifier, and one’s flood costs the others nothing', () => {
  const { wire } = serve(scriptedStore());
  const onInfiniBand = (client: number): Packet => {
    const packet = message('DISCOVER', client);
    const options = new Map(packet.options).set(OPTION.CLIENT_ID, Uint8Array.of(255, 0, 0, 0, client));
    return { ...packet, htype: 32, chaddr: new Uint8Array(0), options };
  };
  wire.deliver(67, ...Array.from({ length: 80 }, () => onInfiniBand(1)), onInfiniBand(2));
  assert.equal(wire.sent.length, 51);
  assert.equal(wire.replies().map(told).at(-1), '2 OFFER 10.0.0.11');
});

test('a flood of unknown clients holds half of a pool at most', () => {
  const { wire, table, records } = serve(scriptedStore());
  for (let client = 1; client <= 9; client++) wire.deliver(67, message('DISCOVER', client));
  assert.deepEqual([wire.sent.length, table.offers], [5, 5]);
  assert.ok(records.some((record) => record.kind === 'decision' && record.code === 'OFFERS_LIMITED'));
  wire.deliver(67, message('DISCOVER', 3));
  assert.equal(wire.sent.length, 6, 'whoever has an offer is offered it again');
});

test('where the kernel cannot tell our address, it is the one that the NIC has now', () => {
  let nic = NIC;
  const { wire } = serve(scriptedStore(), {}, () => nic);
  wire.arriveAt(0);
  wire.deliver(67, message('DISCOVER', 1));
  nic = { ...NIC, addresses: [{ address: ip('10.0.0.9'), prefix: 24 }] };
  wire.deliver(67, message('DISCOVER', 1));
  nic = { ...NIC, addresses: [] };
  wire.deliver(67, message('DISCOVER', 1));
  const servers = wire.replies().map(({ options }) => options.get(OPTION.SERVER_ID)?.join('.'));
  assert.deepEqual(servers, ['10.0.0.1', '10.0.0.9']);
});

test('options that find no room go into file and sname only where the configuration asks for it', async () => {
  const text = (length: number) => new TextEncoder().encode('x'.repeat(length));
  const codes = [15, 17, 18];
  const long = new Map(codes.map((code) => [code, text(110)]));
  for (const overload of [false, true]) {
    const { wire } = serve(scriptedStore(), { overload, subnets: [withOptions(RACK, long)] });
    wire.deliver(67, message('DISCOVER', 1));
    const [reply] = wire.replies();
    assert.equal(
      codes.every((code) => reply?.options.has(code)),
      overload,
    );
  }
});

test('each message leaves one record, with what an operator looks for', () => {
  const { wire, records } = serve(scriptedStore());
  wire.deliver(67, message('DISCOVER', 1));
  const [record] = records;
  assert.ok(record?.kind === 'decision');
  const { message: came, reply, mac, ip: address, nic, port, stage, reason } = record;
  assert.deepEqual(
    { came, reply, mac, address, nic, port, stage },
    {
      came: 'DISCOVER',
      reply: 'OFFER',
      mac: '52:54:00:00:00:01',
      address: ip('10.0.0.10'),
      nic: 'eth1',
      port: 67,
      stage: 'other',
    },
  );
  assert.match(reason, /a free address of the pool/);
});
