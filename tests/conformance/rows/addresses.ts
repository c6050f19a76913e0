/** Which address a client is offered (RFC 2131 §3.1, §4.3.1), and what taking it does. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { discover, release, SERVER, selecting, selectingAt } from '../client.ts';
import { ip, u32 } from '../message.ts';
import type { Answer } from '../scene.ts';
import { BEHIND_RELAY, HASTY, IN_POOL, LAN, NARROW, OUTSIDE_POOL, RACK } from '../site.ts';
import { bothBound, bound, offered, type Row, type Stage, silence, took } from '../table.ts';

const freed = async ({ scene, client }: Stage): Promise<void> => {
  await scene.bound(client);
  await scene.askInVain(release(client));
};

/** The lease has run out once a stranger is offered its address for the asking; the stranger goes elsewhere then. */
const expired = async ({ scene, client }: Stage): Promise<void> => {
  await scene.bound(client);
  for (let attempt = 0; attempt < 60; attempt++) {
    const stranger = scene.client({ relay: client.relay });
    const { yiaddr } = await scene.ask(discover(stranger, { options: [[50, ip(client.address)]] }));
    if (yiaddr === client.address) {
      await scene.askInVain(selectingAt(stranger, yiaddr, '10.77.0.99'));
      return;
    }
    await sleep(100);
  }
  throw new Error('a lease of one second does not end');
};

/** T1 and T2 come when they would have come. */
export const isWhatIsLeft = (_: Stage, { options }: Answer): void => {
  const [left = 0, renew = 0, rebind = 0] = [51, 58, 59].map((code) =>
    Number.parseInt(options[code] ?? '', 16),
  );
  const age = LAN.lease - left;
  assert.ok(age > 0 && age < 60, `${left} s are left`);
  assert.deepEqual([renew, rebind], [LAN.lease / 2 - age, (LAN.lease * 7) / 8 - age]);
};

export const ADDRESSES: readonly Row[] = [
  {
    rfc: 'RFC 2131 §3.1',
    rule: 'DISCOVER, OFFER, REQUEST, ACK: the address offered is the address given',
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER' }),
    and: took,
    next: [
      {
        send: ({ client }) => selecting(client),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 54: ip(SERVER) } }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §3.1 (4)',
    rule: 'a REQUEST that is sent again is acknowledged again',
    given: bound,
    send: ({ client }) => selecting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §3.1 (2)',
    rule: 'a DISCOVER that is sent again is offered the same address',
    given: offered,
    send: ({ client }) => discover(client),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §3.1 (2)',
    rule: 'an address that is offered to one client is not offered to another, not even for the asking',
    given: offered,
    send: ({ client, other }) => discover(other, { options: [[50, ip(client.address)]] }),
    back: () => ({ type: 'OFFER' }),
    and: ({ client }, { yiaddr }) => {
      if (yiaddr === client.address) throw new Error(`${yiaddr} is offered to two clients`);
    },
  },
  {
    rfc: 'RFC 2131 §3.1 (3)',
    rule: 'a REQUEST that names another server withdraws the offer: the address is free for others',
    given: offered,
    send: ({ client }) => selectingAt(client, client.address, '10.77.0.99'),
    back: silence,
    next: [
      {
        send: ({ client, other }) => discover(other, { options: [[50, ip(client.address)]] }),
        back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a client that has a lease, and asks for no time, is told the end that was assigned before',
    given: bound,
    send: ({ client }) => discover(client),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
    and: isWhatIsLeft,
    next: [
      {
        send: ({ client }) => selecting(client),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
        and: isWhatIsLeft,
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a client that asks for a time of its own (option 51) gets a lease that begins now',
    given: bound,
    send: ({ client }) => selecting(client, { options: [[51, u32(60)]] }),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 51: u32(LAN.lease) } }),
  },
  {
    rfc: 'RFC 2131 §4.3.1 (1)',
    rule: 'the current binding comes first, whatever the client asks for',
    given: bound,
    send: ({ client }) => discover(client, { options: [[50, ip('10.77.90.1')]] }),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.1 (2)',
    rule: 'a released address is offered to its client again',
    given: freed,
    send: ({ client }) => discover(client, { options: [[50, ip('10.77.90.1')]] }),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.1 (2)',
    rule: 'an expired address is offered to its client again',
    as: { relay: HASTY.relay },
    given: expired,
    send: ({ client }) => discover(client),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.1 (3)',
    rule: 'the address that a new client asks for, if it is valid and free',
    send: ({ client }) => discover(client, { options: [[50, ip('10.77.91.1')]] }),
    back: () => ({ type: 'OFFER', yiaddr: '10.77.91.1' }),
  },
  {
    rfc: 'RFC 2131 §4.3.1 (3)',
    rule: 'an address that another client holds is not given for the asking, another one is',
    given: ({ scene, other }) => scene.bound(other),
    send: ({ client, other }) => discover(client, { options: [[50, ip(other.address)]] }),
    back: () => ({ type: 'OFFER' }),
    and: ({ other }, { yiaddr }) => {
      if (yiaddr === other.address) throw new Error(`${yiaddr} is given to two clients`);
    },
  },
  ...['10.77.0.7', '10.77.0.0', '10.77.255.255', SERVER, '10.80.0.60', '192.0.2.1', '0.0.0.0'].map(
    (wish): Row => ({
      rfc: 'RFC 2131 §4.3.1 (4)',
      rule: `an address outside the pools of this network is not given: ${wish}`,
      send: ({ client }) => discover(client, { options: [[50, ip(wish)]] }),
      back: () => ({ type: 'OFFER' }),
      and: (_, { yiaddr }) => {
        if (!/^10\.77\.\d\d?\./.test(yiaddr) || yiaddr === wish) throw new Error(`${yiaddr} was offered`);
      },
    }),
  ),
  {
    rfc: 'RFC 2131 §4.3.1 (4)',
    rule: 'an address of the pool of the relay’s network, by giaddr',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', yiaddr: RACK.first }),
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'where reuseTime is 0s, each DHCPREQUEST begins a lease',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => selecting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 51: u32(RACK.lease) } }),
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'least recently used first, and silence when nothing is left',
    as: { relay: NARROW.relay },
    given: async ({ scene, client, other }) => {
      await bothBound({ scene, client, other });
      await scene.askInVain(release(other));
      await scene.askInVain(release(client));
    },
    send: ({ scene }) => discover(scene.client({ relay: NARROW.relay })),
    back: ({ other }) => ({ type: 'OFFER', yiaddr: other.address }),
    next: [
      {
        send: ({ client }) => selecting(client),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
      },
      { send: ({ scene }) => discover(scene.client({ relay: NARROW.relay })), back: silence },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a fixed address inside a pool goes to its machine',
    as: { mac: IN_POOL.mac },
    send: ({ client }) => discover(client, { options: [[50, ip('10.77.92.1')]] }),
    back: () => ({ type: 'OFFER', yiaddr: IN_POOL.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'and to nobody else',
    send: ({ client }) => discover(client, { options: [[50, ip(IN_POOL.address)]] }),
    back: () => ({ type: 'OFFER' }),
    and: (_, { yiaddr }) => {
      if (yiaddr === IN_POOL.address) throw new Error('a fixed address was offered to a stranger');
    },
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a fixed address outside the pools goes to its machine, whatever identifier it sends',
    as: { mac: OUTSIDE_POOL.mac, id: 'ff00000001000200' },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', yiaddr: OUTSIDE_POOL.address }),
    and: took,
    next: [
      {
        send: ({ client }) => selecting(client),
        back: () => ({ type: 'ACK', yiaddr: OUTSIDE_POOL.address }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a machine away from the network of its fixed address is a guest like any other',
    as: { mac: BEHIND_RELAY.mac },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER' }),
    and: (_, { yiaddr }) => {
      if (!yiaddr.startsWith('10.77.')) throw new Error(`${yiaddr} does not belong here`);
    },
  },
];
