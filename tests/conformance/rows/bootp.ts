/** BOOTP clients (RFC 951, RFC 1534): one request, one reply, and an address for good. */
import assert from 'node:assert/strict';
import { discover, message } from '../client.ts';
import { ip, text } from '../message.ts';
import { CROWDED, OLD, OUTSIDE_POOL } from '../site.ts';
import { type Row, silence, took } from '../table.ts';

/** What no BOOTP client understands (RFC 1534 §2). */
const OF_DHCP = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59];

export const BOOTP: readonly Row[] = [
  {
    rfc: 'RFC 1534 §2',
    rule: 'a request without option 53 is BOOTP: an address of a pool that is open to such clients, no DHCP option',
    as: { relay: OLD.relay },
    send: ({ client }) => message(client, [[12, text('old')]]),
    back: () => ({
      type: 'BOOTREPLY',
      op: 2,
      to: `${OLD.relay}:67`,
      options: { 1: ip('255.255.255.0') },
      lacks: OF_DHCP,
    }),
    and: took,
    next: [
      {
        // No cookie at all, the vendor area all zeros (RFC 951 §3): the same client, the same address.
        send: ({ client }) => message(client, [], { cookie: '', tail: '00'.repeat(64) }),
        back: ({ client }) => ({ type: 'BOOTREPLY', yiaddr: client.address, size: 300 }),
      },
      {
        send: ({ client, other }) => discover(other, { options: [[50, ip(client.address)]] }),
        back: () => ({ type: 'OFFER' }),
        and: ({ client }, { yiaddr }) => {
          if (yiaddr === client.address)
            throw new Error('the address of a BOOTP client was offered to another');
        },
      },
    ],
  },
  {
    rfc: 'RFC 951 §3',
    rule: 'a fixed address wherever the machine is known; ciaddr, if it is set, is where the reply goes',
    as: { mac: OUTSIDE_POOL.mac },
    send: ({ client }) => message(client, [], { cookie: '', tail: '00'.repeat(64) }),
    back: ({ client }) => ({
      type: 'BOOTREPLY',
      yiaddr: OUTSIDE_POOL.address,
      to: `${OUTSIDE_POOL.address}:68`,
      link: client.mac,
      lacks: OF_DHCP,
    }),
  },
  ...[
    { rule: 'a reply of more than 300 bytes goes to who sends as much', tail: '00'.repeat(200), most: 440 },
    { rule: 'else it has 300, and what finds no room is left out', tail: '00'.repeat(60), most: 300 },
  ].map(
    ({ rule, tail, most }): Row => ({
      rfc: 'RFC 951 §3',
      rule,
      as: { relay: CROWDED.relay },
      send: ({ client }) => message(client, [[12, text('old')]], { tail: `ff${tail}` }),
      back: () => ({ type: 'BOOTREPLY', options: { 1: ip('255.255.255.0') } }),
      and: (_, { size }) => assert.ok(size <= most && size > most - 140, `${size} bytes`),
    }),
  ),
  {
    rfc: 'RFC 1534 §2',
    rule: 'strangers get nothing of a pool that is not open to them, since it would be for good',
    send: ({ client }) => message(client, []),
    back: silence,
  },
];
