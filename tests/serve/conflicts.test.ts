/** The check before a first offer, over a wire of arrays and a clock moved by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { World } from '../../src/decide/decision.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import type { Binding, LeaseStore } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { NetError } from '../../src/net/udp.ts';
import type { Machine } from '../../src/profiles/model.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { machine, world as makeWorld } from '../decide/world.ts';
import { binding, ip, NOW, subnet } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

const STRANGER = '52:54:00:bb:00:66';
/** What a client of the link waits at most when nobody answers. */
const ARP_WAIT_MS = 220;

interface Setup {
  readonly by?: 'arp' | 'icmp';
  readonly pool?: string;
  readonly store?: LeaseStore;
  readonly bindings?: readonly Binding[];
  readonly machines?: readonly Machine[];
}

function serve({ by = 'arp', pool = '10.0.0.10-10.0.0.19', bindings = [], ...setup }: Setup = {}) {
  const wire = createWire();
  const rack = { ...subnet('10.0.0.0/16', pool), bootp: true };
  const table = createLeaseTable(rack.pools);
  for (const each of bindings) table.bind(each);
  const records: JournalRecord[] = [];
  const clock = createHandClock(NOW);
  const base = makeWorld('full', [], setup.machines);
  const world = (): World => ({
    ...base,
    leases: table,
    limits: { offers: 100_000 },
    policy: { ...base.policy, conflictCheck: by, subnets: [rack] },
    now: clock.wall(),
  });
  const service = createDhcpService({
    network: wire.network,
    nic: () => NIC,
    ports: [67, 4011],
    table,
    store: setup.store ?? scriptedStore(),
    clients: createClients(),
    history: createBootHistory(undefined),
    clock,
    limit: { allows: () => true },
    journal: { write: (record) => void records.push(record) },
    world,
    probing: by,
  });
  const asked = () => wire.asked.map((each) => `${each.by} ${formatIpv4(each.address)}`);
  const offers = () =>
    wire.replies().map((reply) => `${reply.xid} ${messageType(reply)} ${formatIpv4(reply.yiaddr)}`);
  const ignored = () =>
    records.flatMap((record) =>
      record.kind === 'decision' && record.code !== undefined ? [record.code] : [],
    );
  const notices = () => records.filter((record) => record.kind === 'notice');
  return { wire, table, clock, service, asked, offers, ignored, notices };
}

const mac = (client: number) =>
  `52:54:00:00:${(client >>> 8).toString(16).padStart(2, '0')}:${(client & 255).toString(16).padStart(2, '0')}`;

function message(type: MessageName, client: number, more: Partial<Packet> & { asks?: string } = {}): Packet {
  const { asks, ...fields } = more;
  const packet = imaginePacket({ mac: mac(client), vendorClass: 'test' });
  const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, messageTypeBytes(type));
  if (asks !== undefined) options.set(OPTION.REQUESTED_ADDRESS, Uint8Array.from(asks.split('.').map(Number)));
  return { ...packet, xid: client, ...fields, options };
}

/** Lets promises that are already settled take their effect. */
const settled = () => new Promise<void>((done) => setImmediate(done));

describe('an address that is offered for the first time', () => {
  test('is asked for twice by ARP, and offered when nobody has answered', () => {
    const { wire, clock, asked, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1));
    assert.deepEqual(asked(), ['arp 10.0.0.10']);
    clock.advance(199);
    assert.deepEqual([asked().length, offers()], [2, []]);
    clock.advance(ARP_WAIT_MS - 199);
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.10']);
    assert.deepEqual(clock.armed(), [], 'nothing ticks when nothing is probed');
    clock.advance(10_000);
    assert.deepEqual([asked().length, offers().length], [2, 1]);
  });

  test('makes nobody else wait, not in the same batch and not later', async () => {
    const { wire, offers } = serve({ bindings: [binding('10.0.0.15', `mac:${mac(2)}`, { mac: mac(2) })] });
    const renewal = message('REQUEST', 2, { ciaddr: ip('10.0.0.15') });
    wire.deliver(67, message('DISCOVER', 1), renewal, message('DISCOVER', 2));
    await settled();
    assert.deepEqual(offers().sort(), ['2 ACK 10.0.0.15', '2 OFFER 10.0.0.15']);
    wire.deliver(67, renewal);
    await settled();
    assert.equal(offers().length, 3);
  });

  test('is held for its client meanwhile', () => {
    const { wire, clock, asked, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1), message('DISCOVER', 2));
    wire.deliver(67, message('DISCOVER', 3, { asks: '10.0.0.10' }));
    assert.deepEqual(asked(), ['arp 10.0.0.10', 'arp 10.0.0.11', 'arp 10.0.0.12']);
    clock.advance(ARP_WAIT_MS);
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.10', '2 OFFER 10.0.0.11', '3 OFFER 10.0.0.12']);
  });

  test('is not probed anew by a client that asks again: its newest message is answered, once', () => {
    const { wire, clock, asked, offers, ignored } = serve();
    wire.deliver(67, message('DISCOVER', 1), message('DISCOVER', 1));
    clock.advance(50);
    wire.deliver(67, message('DISCOVER', 1, { xid: 77 }));
    assert.deepEqual(asked(), ['arp 10.0.0.10']);
    clock.advance(ARP_WAIT_MS - 50);
    assert.deepEqual(offers(), ['77 OFFER 10.0.0.10']);
    assert.deepEqual(ignored(), ['PROBING', 'PROBING']);
  });

  test('is asked for by ICMP for a client behind a relay, and for longer', () => {
    const { wire, clock, asked, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1, { giaddr: ip('10.0.0.254') }));
    clock.advance(ARP_WAIT_MS);
    assert.deepEqual([asked(), offers()], [['icmp 10.0.0.10'], []]);
    clock.advance(300);
    assert.deepEqual([asked().length, offers()], [2, ['1 OFFER 10.0.0.10']]);
  });

  test('is asked for by ICMP alone where the configuration says so', () => {
    const { wire, asked } = serve({ by: 'icmp' });
    wire.deliver(67, message('DISCOVER', 1));
    assert.deepEqual(asked(), ['icmp 10.0.0.10']);
  });
});

describe('a BOOTP client, which is given its address by one reply', () => {
  const bootp = (client: number): Packet => {
    const packet = message('DISCOVER', client);
    const options = new Map(packet.options);
    options.delete(OPTION.MESSAGE_TYPE);
    return { ...packet, options };
  };

  test('waits like others, and has nothing before the probe ends', async () => {
    const { wire, clock, table, asked, offers, ignored } = serve();
    wire.deliver(67, bootp(1));
    wire.deliver(67, bootp(1));
    await settled();
    assert.deepEqual([asked(), offers(), table.size, ignored()], [['arp 10.0.0.10'], [], 0, ['PROBING']]);
    clock.advance(ARP_WAIT_MS);
    await settled();
    assert.deepEqual([offers(), table.at(ip('10.0.0.10'))?.state], [['1 undefined 10.0.0.10'], 'bound']);
    wire.deliver(67, bootp(1));
    await settled();
    assert.deepEqual([asked().length, offers().length], [2, 2], 'its own is not probed');
  });

  test('is given the next address when somebody answers', async () => {
    const { wire, clock, table, offers } = serve();
    wire.deliver(67, bootp(1));
    wire.answer('arp', ip('10.0.0.10'), STRANGER);
    clock.advance(ARP_WAIT_MS);
    await settled();
    assert.deepEqual([offers(), table.offers], [['1 undefined 10.0.0.11'], 0]);
  });

  test('is given its fixed address unprobed', async () => {
    const { wire, asked, offers } = serve({ machines: [machine(mac(1), { ip: ip('10.0.0.12') })] });
    wire.deliver(67, bootp(1));
    await settled();
    assert.deepEqual([asked(), offers()], [[], ['1 undefined 10.0.0.12']]);
  });
});

describe('an address is not probed', () => {
  test('when it is the client’s own: bound, expired, released or given by the inventory', () => {
    const own = { ...binding('10.0.0.12', `mac:${mac(1)}`), mac: mac(1) };
    const cases: readonly Setup[] = [
      { bindings: [own] },
      { bindings: [{ ...own, expiresAt: NOW - 1 }] },
      { bindings: [{ ...own, state: 'released', expiresAt: NOW - 1 }] },
      { machines: [machine(mac(1), { ip: ip('10.0.0.12') })] },
    ];
    for (const setup of cases) {
      const { wire, asked, offers } = serve(setup);
      wire.deliver(67, message('DISCOVER', 1));
      assert.deepEqual([asked(), offers()], [[], ['1 OFFER 10.0.0.12']]);
    }
  });

  test('when it was a moment ago; after a minute it is', () => {
    const { wire, clock, asked, offers } = serve({ pool: '10.0.0.10-10.0.0.11' });
    wire.deliver(67, message('DISCOVER', 1));
    clock.advance(ARP_WAIT_MS);
    clock.advance(31_000);
    wire.deliver(67, message('DISCOVER', 2, { asks: '10.0.0.10' }));
    assert.deepEqual([asked().length, offers()], [2, ['1 OFFER 10.0.0.10', '2 OFFER 10.0.0.10']]);
    clock.advance(31_000);
    wire.deliver(67, message('DISCOVER', 3, { asks: '10.0.0.10' }));
    assert.deepEqual([asked().length, offers().length], [3, 2]);
  });

  test('when the question cannot be sent: the offer leaves, and one notice says why', () => {
    const { wire, asked, offers, notices } = serve();
    wire.cut('EPERM');
    wire.deliver(67, message('DISCOVER', 1), message('DISCOVER', 2));
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.10', '2 OFFER 10.0.0.11']);
    assert.equal(asked().length, 2);
    assert.deepEqual(
      notices().map((notice) => notice.message),
      ['addresses are offered unprobed: ARP cannot be sent (EPERM)'],
    );
  });
});

describe('an address that somebody answers for', () => {
  test('is kept out, durably; the administrator is told by whom; the next one is tried', async () => {
    const store = scriptedStore();
    const { wire, clock, table, asked, offers, notices } = serve({ store });
    wire.deliver(67, message('DISCOVER', 1));
    wire.answer('arp', ip('10.0.0.10'), STRANGER);
    assert.deepEqual(asked(), ['arp 10.0.0.10', 'arp 10.0.0.11']);
    clock.advance(ARP_WAIT_MS);
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.11']);
    const kept = table.at(ip('10.0.0.10'));
    assert.deepEqual(
      [kept?.state, kept?.mac, kept?.expiresAt],
      ['declined', STRANGER, NOW + 24 * 3600 * 1000],
    );
    await settled();
    assert.deepEqual(
      store.commits.flat().map(({ state }) => state),
      ['declined'],
    );
    const later = binding('10.0.0.10', 'a');
    table.bind(later);
    table.saved(later.ip);
    assert.ok(table.storedLease(later), 'nothing of that change is waited for any more');
    const [notice] = notices();
    assert.ok(notice);
    assert.deepEqual(
      [notice.code, notice.level, notice.mac, notice.nic],
      ['ADDRESS_IN_USE', 'warn', mac(1), 'eth1'],
    );
    assert.equal(notice.message, `10.0.0.10 is in use by ${STRANGER}: kept out of the pool for a day`);
    wire.deliver(67, message('DISCOVER', 2, { asks: '10.0.0.10' }));
    assert.equal(asked().at(-1), 'arp 10.0.0.12');
  });

  test('is kept out in memory when the store is broken, which is told', async () => {
    const { wire, table, notices } = serve({ store: scriptedStore('broken') });
    wire.deliver(67, message('DISCOVER', 1));
    wire.answer('arp', ip('10.0.0.10'), STRANGER);
    await settled();
    assert.equal(table.at(ip('10.0.0.10'))?.state, 'declined');
    assert.deepEqual(
      notices().map((notice) => notice.level),
      ['warn', 'error'],
    );
  });

  test('is offered at once when it is the client itself that answers', () => {
    const { wire, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1, { asks: '10.0.0.17' }));
    wire.answer('arp', ip('10.0.0.17'), mac(1));
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.17']);
  });

  test('by ICMP on the link, the kernel tells who it was', () => {
    const { wire, offers, notices } = serve({ by: 'icmp' });
    wire.neighbours.set(ip('10.0.0.10'), STRANGER).set(ip('10.0.0.11'), mac(1));
    wire.deliver(67, message('DISCOVER', 1));
    wire.answer('icmp', ip('10.0.0.10'));
    const [notice] = notices();
    assert.match(notice?.message ?? '', /in use by 52:54:00:bb:00:66/);
    wire.answer('icmp', ip('10.0.0.11'));
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.11'], 'its own');
  });

  test('behind a relay nobody can tell who it was', () => {
    const { wire, table, asked, notices } = serve();
    wire.neighbours.set(ip('10.0.0.10'), mac(1));
    wire.deliver(67, message('DISCOVER', 1, { giaddr: ip('10.0.0.254') }));
    wire.answer('icmp', ip('10.0.0.10'));
    assert.equal(table.at(ip('10.0.0.10'))?.state, 'declined');
    assert.match(notices()[0]?.message ?? '', /in use by somebody/);
    assert.equal(asked().at(-1), 'icmp 10.0.0.11');
  });

  test('stays with a client that was granted it meanwhile', async () => {
    const { wire, table, clock, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1));
    wire.deliver(67, message('REQUEST', 1, { asks: '10.0.0.10' }));
    await settled();
    assert.deepEqual(offers(), ['1 ACK 10.0.0.10']);
    wire.answer('arp', ip('10.0.0.10'), STRANGER);
    assert.equal(table.at(ip('10.0.0.10'))?.state, 'bound');
    clock.advance(ARP_WAIT_MS);
    assert.deepEqual(offers(), ['1 ACK 10.0.0.10', '1 OFFER 10.0.0.10'], 'its current binding');
  });

  test('like all others of the pool: the pool is exhausted', () => {
    const { wire, clock, table, offers, ignored } = serve({ pool: '10.0.0.10-10.0.0.12' });
    wire.deliver(67, message('DISCOVER', 1));
    for (const last of [10, 11, 12]) wire.answer('arp', ip(`10.0.0.${last}`), STRANGER);
    clock.advance(1000);
    assert.deepEqual([offers(), ignored(), table.offers], [[], ['POOL_EXHAUSTED'], 0]);
  });

  test('like many others before it: the client asks anew and goes on from there', () => {
    const { wire, clock, table, offers, ignored } = serve({ pool: '10.0.0.10-10.0.0.99' });
    wire.deliver(67, message('DISCOVER', 1));
    for (let last = 10; last < 90; last++) wire.answer('arp', ip(`10.0.0.${last}`), STRANGER);
    assert.deepEqual([offers(), ignored(), table.offers], [[], ['CONFLICTS'], 0]);
    wire.deliver(67, message('DISCOVER', 1));
    clock.advance(ARP_WAIT_MS);
    assert.deepEqual(offers(), ['1 OFFER 10.0.0.26']);
  });
});

describe('probes', () => {
  test('are bounded: beyond thousands a client has to ask again, and holds no address', () => {
    const { wire, clock, table, offers, ignored } = serve({ pool: '10.0.1.0-10.0.199.255' });
    for (let client = 0; client < 8200; client++) wire.deliver(67, message('DISCOVER', client));
    assert.deepEqual([table.offers, ignored().length, ignored()[0]], [8192, 8, 'PROBES_LIMITED']);
    clock.advance(ARP_WAIT_MS);
    assert.equal(offers().length, 8192);
    wire.deliver(67, message('DISCOVER', 8199));
    clock.advance(ARP_WAIT_MS);
    assert.equal(offers().length, 8193);
  });

  test('end with the service, and so do the offers that waited', () => {
    const { wire, clock, service, table, offers } = serve();
    wire.deliver(67, message('DISCOVER', 1));
    service.close();
    assert.deepEqual([table.offers, clock.armed()], [0, []]);
    clock.advance(1000);
    wire.answer('arp', ip('10.0.0.10'), STRANGER);
    assert.deepEqual([offers(), table.size], [[], 0]);
  });

  test('that cannot be had refuse the start, saying how to do without', () => {
    const wire = createWire();
    const network = {
      ...wire.network,
      arpProber: () => {
        throw new NetError('NO_PERMISSION', 'may not open a packet socket', 'Grant CAP_NET_RAW.');
      },
    };
    const table = createLeaseTable([]);
    assert.throws(
      () =>
        createDhcpService({
          network,
          nic: () => NIC,
          ports: [67],
          table,
          store: scriptedStore(),
          clients: createClients(),
          history: createBootHistory(undefined),
          clock: createHandClock(NOW),
          limit: { allows: () => true },
          journal: { write() {} },
          world: () => makeWorld('full', []),
          probing: 'arp',
        }),
      (error) =>
        error instanceof NetError && error.hint === 'Grant CAP_NET_RAW. Or set dhcp.conflictCheck: off.',
    );
    assert.equal(wire.probers(), 0, 'the other prober is closed');
  });
});
