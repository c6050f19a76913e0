/** The bytes of a reply: header (RFC 2131 §2, table 3), framing (§3, RFC 951, RFC 2132), sizes and long options. */
import assert from 'node:assert/strict';
import { discover, RELAY_NIC, rebooting, renewing, SERVER, selecting } from '../client.ts';
import { BROADCAST_BIT, COOKIE, ip, text, tlv, u8, u16, u32 } from '../message.ts';
import { LAN, RACK, WORDY } from '../site.ts';
import { bound, offered, type Row } from '../table.ts';

/** chaddr as the header holds it: 16 octets, the unused ones zero. */
const chaddr = (mac: string): string => mac.replaceAll(':', '').padEnd(32, '0');

const XID = 0xdead_beef;

const HEADER: readonly Row[] = [
  {
    rfc: 'RFC 2131 table 3',
    rule: 'the header of an OFFER',
    as: { relay: RACK.relay, flags: BROADCAST_BIT },
    send: ({ client }) =>
      discover(client, {
        xid: XID,
        secs: 7,
        hops: 3,
        ciaddr: '192.0.2.1',
        yiaddr: '192.0.2.2',
        siaddr: '192.0.2.3',
      }),
    back: ({ client }) => ({
      op: 2,
      xid: XID,
      htype: 1,
      hlen: 6,
      hops: 0,
      secs: 0,
      flags: BROADCAST_BIT,
      ciaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      giaddr: RACK.relay,
      chaddr: chaddr(client.mac),
      sname: '',
      file: '',
      cookie: COOKIE,
      options: { 51: u32(RACK.lease), 53: u8(2), 54: ip(SERVER) },
      lacks: [50, 55, 56, 57, 61],
    }),
  },
  {
    rfc: 'RFC 2131 table 3',
    rule: 'the header of an ACK',
    given: bound,
    send: ({ client }) => renewing(client, { xid: XID, secs: 7 }),
    back: ({ client }) => ({
      op: 2,
      xid: XID,
      htype: 1,
      hlen: 6,
      hops: 0,
      secs: 0,
      flags: 0,
      ciaddr: client.address,
      yiaddr: client.address,
      siaddr: '0.0.0.0',
      giaddr: '0.0.0.0',
      chaddr: chaddr(client.mac),
      sname: '',
      file: '',
      options: { 51: u32(LAN.lease), 53: u8(5), 54: ip(SERVER) },
      lacks: [50, 55, 56, 57, 61],
    }),
  },
  {
    rfc: 'RFC 2131 table 3',
    rule: 'the header of a NAK',
    send: ({ client }) => rebooting(client, '192.0.2.1', { xid: XID, secs: 7, ciaddr: '0.0.0.0' }),
    back: ({ client }) => ({
      op: 2,
      xid: XID,
      htype: 1,
      hlen: 6,
      hops: 0,
      secs: 0,
      ciaddr: '0.0.0.0',
      yiaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      giaddr: '0.0.0.0',
      chaddr: chaddr(client.mac),
      sname: '',
      file: '',
      order: [53, 54, 56],
    }),
  },
  {
    rfc: 'RFC 2131 §2',
    rule: 'transaction id zero is one like any other',
    send: ({ client }) => discover(client, { xid: 0 }),
    back: () => ({ type: 'OFFER', xid: 0 }),
  },
  {
    rfc: 'RFC 4390 §2.1',
    rule: 'a link without addresses in chaddr (InfiniBand): hlen 0, told apart by identifier, answered by broadcast',
    as: { htype: 32, mac: '', id: 'ff00000001000300200001', flags: BROADCAST_BIT },
    send: ({ client }) => discover(client, { linkSource: RELAY_NIC.mac }),
    back: () => ({ type: 'OFFER', htype: 32, hlen: 0, chaddr: '0'.repeat(32), to: '255.255.255.255:68' }),
  },
];

const FRAMING: readonly Row[] = [
  {
    rfc: 'RFC 2131 §3',
    rule: 'cookie, then 53, then 54, then options without padding between them, END, and zeros up to 300 bytes',
    given: offered,
    send: ({ client }) => selecting(client, { options: [[55, u8(1)]] }),
    back: () => ({ cookie: COOKIE, order: [53, 54, 51, 58, 59, 1], end: true, afterEnd: '', size: 300 }),
  },
  {
    rfc: 'RFC 951 §3',
    rule: 'a NAK is padded to 300 bytes too',
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: () => ({ type: 'NAK', size: 300, end: true, afterEnd: '' }),
  },
  {
    rfc: 'RFC 2131 §2',
    rule: 'a reply with more options than 300 bytes hold is as long as it needs, and has an END',
    as: { relay: WORDY.relay },
    send: ({ client }) => discover(client, { options: [[57, u16(1500)]] }),
    back: () => ({ type: 'OFFER', end: true, afterEnd: '' }),
    and: (_, { size }) => assert.ok(size > 600 && size <= 1472, `${size} bytes`),
  },
];

const SIZE: readonly Row[] = [
  {
    rfc: 'RFC 2131 §2',
    rule: 'without option 57 a reply has at most 548 bytes (576 of IP): what does not fit is left out, what matters is not',
    as: { relay: WORDY.relay, agent: tlv(1, text('port7')) },
    send: ({ client }) => discover(client),
    back: () => ({
      type: 'OFFER',
      options: { 1: ip('255.255.255.0'), 3: ip(WORDY.relay), 54: ip(SERVER), 82: tlv(1, text('port7')) },
      lacks: [WORDY.long],
      end: true,
    }),
    and: (_, { size, order }) => {
      assert.ok(size <= 548, `${size} bytes`);
      assert.equal(order.at(-1), 82, 'what is echoed to the relay stays, and last (RFC 3046 §2.1)');
    },
  },
  ...[
    { rule: 'option 57 counts the IP and UDP headers', max: u16(700), most: 672 },
    { rule: 'option 57 below the legal 576 counts as 576', max: u16(300), most: 548 },
    { rule: 'option 57 of a wrong length counts as absent', max: u8(5), most: 548 },
    { rule: 'option 57 beyond what a frame carries is cut to one frame', max: 'ffff', most: 1472 },
  ].map(
    ({ rule, max, most }): Row => ({
      rfc: 'RFC 2132 §9.10',
      rule,
      as: { relay: WORDY.relay },
      send: ({ client }) => discover(client, { options: [[57, max]] }),
      back: () => ({ type: 'OFFER', end: true, lacks: [WORDY.longer] }),
      and: (_, { size, options }) => {
        assert.ok(size <= most, `${size} bytes`);
        assert.equal(options[WORDY.long] !== undefined, most > 700, 'the long option is there if it fits');
      },
    }),
  ),
];

const LONG: readonly Row[] = [
  {
    rfc: 'RFC 3396 §5',
    rule: 'an option of more than 255 bytes is sent in parts, one behind the other, all but the last full',
    as: { relay: WORDY.relay },
    send: ({ client }) =>
      discover(client, {
        options: [
          [57, u16(1500)],
          [55, u8(WORDY.long)],
        ],
      }),
    back: () => ({
      order: [53, 54, 51, 58, 59, WORDY.long, WORDY.long],
      options: { [WORDY.long]: text(WORDY.text) },
    }),
  },
  {
    rfc: 'RFC 3396 §7',
    rule: 'an option that comes in parts is one: the identifier goes back whole',
    send: ({ client }) =>
      discover(client, {
        options: [
          [61, '00aabbcc'],
          [12, text('name')],
          [61, 'ddeeff'],
        ],
      }),
    back: () => ({ type: 'OFFER', options: { 61: '00aabbccddeeff' } }),
  },
  {
    rfc: 'RFC 3396 §7',
    rule: 'a parameter list in parts is one list',
    send: ({ client }) =>
      discover(client, {
        options: [
          [55, u8(6)],
          [12, text('name')],
          [55, u8(15)],
        ],
      }),
    back: () => ({ order: [53, 54, 51, 58, 59, 6, 15] }),
  },
  {
    rfc: 'RFC 3396 §7',
    rule: 'an identifier of more than 255 bytes comes in parts and goes back in parts',
    send: ({ client }) =>
      discover(client, {
        options: [
          [61, `00${'ab'.repeat(254)}`],
          [61, 'cd'.repeat(20)],
          [57, u16(1500)],
          [55, u8(1)],
        ],
      }),
    back: () => ({
      order: [53, 54, 51, 58, 59, 1, 61, 61],
      options: { 61: `00${'ab'.repeat(254)}${'cd'.repeat(20)}` },
    }),
  },
];

const wish = ip('10.77.95.1');
const OVERLOAD: readonly Row[] = [
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'overload 1: options in file are read',
    send: ({ client }) => discover(client, { options: [[52, u8(1)]], file: `${tlv(50, wish)}ff` }),
    back: () => ({ type: 'OFFER', yiaddr: '10.77.95.1', lacks: [52] }),
  },
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'overload 2: options in sname are read, and file is no option',
    send: ({ client }) =>
      discover(client, {
        options: [[52, u8(2)]],
        sname: `${tlv(61, '00abcdef')}ff`,
        file: `${tlv(61, '00ffffff')}ff`,
      }),
    back: () => ({ type: 'OFFER', options: { 61: '00abcdef' } }),
  },
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'without option 52 neither field holds options',
    send: ({ client }) =>
      discover(client, { sname: `${tlv(61, '00abcdee')}ff`, file: `${tlv(61, '00fffffe')}ff` }),
    back: () => ({ type: 'OFFER', lacks: [61] }),
  },
  {
    rfc: 'RFC 3396 §6',
    rule: 'overload 3: an option in parts is joined in the order options, file, sname',
    send: ({ client }) =>
      discover(client, {
        options: [
          [52, u8(3)],
          [61, '0001'],
        ],
        file: `${tlv(61, '0203')}ff`,
        sname: `00${tlv(61, '0405')}ff`,
      }),
    back: () => ({ type: 'OFFER', options: { 61: '000102030405' } }),
  },
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'a field filled with options to its last byte needs no END',
    send: ({ client }) =>
      discover(client, { options: [[52, u8(1)]], file: `${tlv(61, '0001020304050607')}${'00'.repeat(118)}` }),
    back: () => ({ type: 'OFFER', options: { 61: '0001020304050607' } }),
  },
];

export const MESSAGES: readonly Row[] = [...HEADER, ...FRAMING, ...SIZE, ...LONG, ...OVERLOAD];
