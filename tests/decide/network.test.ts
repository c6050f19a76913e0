/** Which link a client is on, and what follows: relays, shared networks, identities, BOOTP, the layers of options. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arrival, factsOf } from '../../src/boot/facts.ts';
import type { SubnetPolicy } from '../../src/config/model.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Decision, World } from '../../src/decide/decision.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import { encodeSuboptions } from '../../src/dhcp/suboptions.ts';
import { FOREVER } from '../../src/leases/allocate.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { formatIpv4, type Ipv4 } from '../../src/values/ipv4.ts';
import { binding, ip, subnet, withOptions } from '../leases/rules.ts';
import { machine, profile, world } from './world.ts';

const MAC = '52:54:00:aa:00:01';
const HERE = subnet('10.11.11.0/24', '10.11.11.50-10.11.11.99');
const FAR = subnet('10.9.0.0/24', '10.9.0.50-10.9.0.99');
const THIRD = subnet('10.8.0.0/24', '10.8.0.50-10.8.0.99');
const u32 = (address: Ipv4) =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);

interface Sent {
  readonly message?: MessageName | 'BOOTP';
  readonly packet?: Partial<Packet>;
  readonly options?: readonly (readonly [number, Uint8Array])[];
  readonly unicast?: boolean;
}

function worldOf(
  unsorted: readonly SubnetPolicy[],
  machines: World['inventory']['machines']['all'] = [],
): World {
  const base = world('full', [], machines);
  const subnets = unsorted.toSorted((a, b) => a.subnet.network - b.subnet.network);
  return {
    ...base,
    policy: { ...base.policy, subnets },
    leases: createLeaseTable(subnets.flatMap(({ pools }) => pools)),
  };
}

function ask(
  where: World,
  { message = 'DISCOVER', packet = {}, options = [], unicast = false }: Sent,
): Decision {
  const imagined = imaginePacket({ mac: MAC, vendorClass: 'test' });
  const all = new Map([...imagined.options, ...options]);
  if (message === 'BOOTP') all.delete(OPTION.MESSAGE_TYPE);
  else all.set(OPTION.MESSAGE_TYPE, messageTypeBytes(message));
  const arrival: Arrival = {
    nic: 'eth1',
    localAddress: ip('10.11.11.1'),
    port: 67,
    source: packet.ciaddr ?? 0,
    sourcePort: 68,
    destination: unicast ? ip('10.11.11.1') : 0xffff_ffff,
  };
  return decide(
    { facts: factsOf({ ...imagined, ...packet, options: all }, arrival), uuid: undefined },
    where,
  );
}

const given = (decision: Decision) =>
  decision.kind === 'reply' ? formatIpv4(decision.yiaddr) : decision.code;
const relay = (...suboptions: [number, Uint8Array][]) =>
  [OPTION.RELAY_AGENT, encodeSuboptions(suboptions)] as const;

describe('the link: the word nearest to the client', () => {
  const all = [HERE, FAR, THIRD];
  const cases: Record<string, [Sent, string]> = {
    'the NIC’s own network': [{}, '10.11.11.50'],
    giaddr: [{ packet: { giaddr: ip('10.9.0.1') } }, '10.9.0.50'],
    'link selection over giaddr (RFC 3527)': [
      { packet: { giaddr: ip('10.9.0.1') }, options: [relay([5, u32(ip('10.8.0.0'))])] },
      '10.8.0.50',
    ],
    'subnet selection over the NIC (RFC 3011)': [
      { options: [[OPTION.SUBNET_SELECTION, u32(ip('10.8.0.0'))]] },
      '10.8.0.50',
    ],
    'link selection over subnet selection (RFC 3527 §3)': [
      {
        packet: { giaddr: ip('10.9.0.1') },
        options: [relay([5, u32(ip('10.9.0.0'))]), [OPTION.SUBNET_SELECTION, u32(ip('10.8.0.0'))]],
      },
      '10.9.0.50',
    ],
    'a giaddr that no relay has, whatever link is selected': [
      { packet: { giaddr: 0xffff_ffff }, options: [relay([5, u32(ip('10.8.0.0'))])] },
      'NO_SUBNET',
    ],
    'a giaddr of nobody': [{ packet: { giaddr: ip('172.16.0.1') } }, 'NO_SUBNET'],
  };
  for (const [name, [sent, wanted]] of Object.entries(cases)) {
    test(name, () => assert.equal(given(ask(worldOf(all), sent)), wanted));
  }

  test('of many subnets with gaps between them, the one that holds giaddr, and none for the gaps', () => {
    const many = Array.from({ length: 37 }, (_, at) =>
      subnet(`10.${at * 3}.16.0/20`, `10.${at * 3}.16.50-10.${at * 3}.16.99`),
    );
    const where = worldOf(many);
    const asked = (giaddr: string) => given(ask(where, { packet: { giaddr: ip(giaddr) } }));
    for (const [at] of many.entries()) {
      const own = `10.${at * 3}.16.50`;
      assert.equal(asked(`10.${at * 3}.16.1`), own);
      assert.equal(asked(`10.${at * 3}.31.254`), own);
      assert.equal(asked(`10.${at * 3}.32.0`), 'NO_SUBNET');
      assert.equal(asked(`10.${at * 3}.15.255`), 'NO_SUBNET');
    }
  });

  test('a client behind a relay renews by unicast, and keeps the address of its own network', () => {
    const where = worldOf(all);
    const table = createLeaseTable(FAR.pools);
    table.bind(binding('10.9.0.60', `mac:${MAC}`));
    const sent: Sent = { message: 'REQUEST', packet: { ciaddr: ip('10.9.0.60') }, unicast: true };
    assert.equal(given(ask({ ...where, leases: table }, sent)), '10.9.0.60');
  });
});

describe('shared networks', () => {
  const one = { ...HERE, pools: [{ first: ip('10.11.11.50'), last: ip('10.11.11.50') }], network: 'rack' };
  const two = { ...FAR, network: 'rack' };
  test('when the first subnet is full, the next gives, with its own mask and options', () => {
    const where = worldOf([one, withOptions(two, new Map([[3, u32(ip('10.9.0.254'))]]))]);
    const table = createLeaseTable([...one.pools, ...two.pools]);
    table.bind(binding('10.11.11.50', 'somebody'));
    const decision = ask({ ...where, leases: table }, {});
    assert.equal(given(decision), '10.9.0.50');
    assert.deepEqual(decision.kind === 'reply' && decision.options.get(3), u32(ip('10.9.0.254')));
  });
  test('a subnet of another name does not', () => {
    const where = worldOf([one, { ...two, network: 'other' }]);
    const table = createLeaseTable([...one.pools, ...two.pools]);
    table.bind(binding('10.11.11.50', 'somebody'));
    assert.equal(given(ask({ ...where, leases: table }, {})), 'POOL_EXHAUSTED');
  });
  test('an INFORM is told the parameters of the subnet that its address is of', () => {
    const router = new Map([[3, u32(ip('10.9.0.254'))]]);
    const where = worldOf([one, withOptions(two, router)]);
    for (const [address, wanted] of [
      ['10.9.0.7', u32(ip('10.9.0.254'))],
      ['10.11.11.7', undefined],
    ] as const) {
      const decision = ask(where, { message: 'INFORM', packet: { ciaddr: ip(address) } });
      assert.deepEqual(decision.kind === 'reply' && decision.options.get(3), wanted);
    }
  });
  test('an address of any subnet of the link is right there', () => {
    const where = worldOf([one, two]);
    const table = createLeaseTable([...one.pools, ...two.pools]);
    table.bind(binding('10.9.0.60', `mac:${MAC}`));
    const sent: Sent = { message: 'REQUEST', options: [[OPTION.REQUESTED_ADDRESS, u32(ip('10.9.0.60'))]] };
    assert.equal(given(ask({ ...where, leases: table }, sent)), '10.9.0.60');
  });
});

describe('identity', () => {
  const identity = (by: SubnetPolicy['clientIdentity'], id: number[], packet: Partial<Packet> = {}) => {
    const decision = ask(worldOf([{ ...HERE, clientIdentity: by }]), {
      packet,
      options: [[OPTION.CLIENT_ID, Uint8Array.from(id)]],
    });
    return decision.change?.kind === 'offer' ? decision.change.offer.identity : undefined;
  };
  test('by client identifier', () => assert.equal(identity('client-id', [255, 1, 2, 3]), 'id:ff010203'));
  test('by MAC, where the subnet says so', () => assert.equal(identity('mac', [255, 1, 2, 3]), `mac:${MAC}`));
  test('by MAC, where the identifier is too short to tell clients apart', () => {
    assert.deepEqual([identity('client-id', []), identity('client-id', [0])], [`mac:${MAC}`, `mac:${MAC}`]);
    assert.equal(identity('client-id', [0, 7]), 'id:0007');
  });
  test('by identifier where there is no hardware address to go by', () => {
    const infiniBand = { htype: 32, chaddr: new Uint8Array() };
    assert.equal(identity('mac', [255, 1, 2, 3], infiniBand), 'id:ff010203');
  });
  test('nobody, without an identifier and a hardware address', () => {
    const packet = { htype: 32, chaddr: new Uint8Array() };
    assert.equal(given(ask(worldOf([HERE]), { packet })), 'NO_IDENTITY');
    const identified = ask(worldOf([HERE]), { packet, options: [[OPTION.CLIENT_ID, Uint8Array.of(0, 7)]] });
    assert.equal(given(identified), '10.11.11.50');
  });
});

describe('giving up an address', () => {
  const held = () => {
    const where = worldOf([HERE]);
    const table = createLeaseTable(HERE.pools);
    table.bind(binding('10.11.11.60', `mac:${MAC}`));
    return { ...where, leases: table };
  };
  const to = (server: string, message: 'DECLINE' | 'RELEASE') =>
    ask(held(), {
      message,
      packet: message === 'RELEASE' ? { ciaddr: ip('10.11.11.60') } : {},
      options: [
        [OPTION.SERVER_ID, u32(ip(server))],
        ...(message === 'DECLINE' ? [[OPTION.REQUESTED_ADDRESS, u32(ip('10.11.11.60'))] as const] : []),
      ],
    });
  for (const message of ['DECLINE', 'RELEASE'] as const) {
    test(`${message}: to us it has an effect, to another server none`, () => {
      const ours = to('10.11.11.1', message);
      const another = to('10.11.11.2', message);
      assert.equal(given(ours), message === 'DECLINE' ? 'DECLINED' : 'DONE');
      assert.equal(ours.change?.kind, 'bind');
      assert.deepEqual([given(another), another.change], ['NOT_OURS', undefined]);
    });
  }
});

test('our own address is nobody’s, even inside a pool', () => {
  const pool = { first: ip('10.11.11.1'), last: ip('10.11.11.2') };
  const where = worldOf([{ ...HERE, pools: [pool] }]);
  assert.equal(given(ask(where, {})), '10.11.11.2');
  const wish = [OPTION.REQUESTED_ADDRESS, u32(ip('10.11.11.1'))] as const;
  assert.equal(given(ask(where, { options: [wish] })), '10.11.11.2');
});

test('nor is one that another NIC of ours has, or this one beside its first', () => {
  const where = { ...worldOf([HERE]), isOurs: (address: Ipv4) => address === ip('10.11.11.50') };
  assert.equal(given(ask(where, {})), '10.11.11.51');
  const wish = [OPTION.REQUESTED_ADDRESS, u32(ip('10.11.11.50'))] as const;
  assert.equal(given(ask(where, { options: [wish] })), '10.11.11.51');
});

describe('server identifier override (RFC 5107)', () => {
  const options = [relay([11, u32(ip('10.9.0.1'))])];
  test('the OFFER bears it, and URLs do not', () => {
    const decision = ask(worldOf([HERE, FAR]), { packet: { giaddr: ip('10.9.0.1') }, options });
    assert.deepEqual(
      decision.kind === 'reply' && [formatIpv4(decision.serverId), formatIpv4(decision.address)],
      ['10.9.0.1', '10.11.11.1'],
    );
  });
  test('a REQUEST that names it is for us', () => {
    const asks = [
      [OPTION.SERVER_ID, u32(ip('10.9.0.1'))],
      [OPTION.REQUESTED_ADDRESS, u32(ip('10.9.0.70'))],
    ] as const;
    const sent: Sent = {
      message: 'REQUEST',
      packet: { giaddr: ip('10.9.0.1') },
      options: [...options, ...asks],
    };
    assert.equal(given(ask(worldOf([HERE, FAR]), sent)), '10.9.0.70');
  });
});

describe('BOOTP', () => {
  test('is not served from pools unless the subnet says so', () => {
    assert.equal(given(ask(worldOf([HERE]), { message: 'BOOTP' })), 'UNKNOWN_CLIENT');
  });
  test('gets an address for good where it says so', () => {
    const decision = ask(worldOf([{ ...HERE, bootp: true }]), { message: 'BOOTP' });
    assert.deepEqual(decision.kind === 'reply' && [decision.type, given(decision)], [
      undefined,
      '10.11.11.50',
    ]);
    assert.equal(decision.change?.kind === 'bind' && decision.change.binding.expiresAt, FOREVER);
  });
  test('gets its fixed address anywhere', () => {
    const known = [machine(MAC, { ip: ip('10.11.11.10') })];
    assert.equal(given(ask(worldOf([HERE], known), { message: 'BOOTP' })), '10.11.11.10');
  });
});

describe('options: the nearest wins', () => {
  const value = (text: string) => new TextEncoder().encode(text);
  const layers = (machineHas: boolean, profileHas: boolean) => {
    const known = machine(MAC, machineHas ? { options: new Map([[17, value('machine')]]) } : {});
    const where = worldOf([withOptions(HERE, new Map([[17, value('subnet')]]))], [known]);
    const profiles = [profile('p', profileHas ? { options: new Map([[17, value('profile')]]) } : {})];
    const decision = ask({ ...where, inventory: { ...where.inventory, profiles } }, {});
    return new TextDecoder().decode(decision.kind === 'reply' ? decision.options.get(17) : undefined);
  };
  test('machine over profile over subnet', () => {
    assert.deepEqual(
      [layers(true, true), layers(false, true), layers(false, false)],
      ['machine', 'profile', 'subnet'],
    );
  });
});
