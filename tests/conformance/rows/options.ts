/** Which options a reply has, in what order (RFC 2132 §9.8), the layers they come from, and what is echoed. */
import assert from 'node:assert/strict';
import { discover, inform, rebooting, renewing, selecting } from '../client.ts';
import { ip, text, tlv, u8, u32 } from '../message.ts';
import { BY_MAC, LAN, LAYERED, RACK } from '../site.ts';
import { bound, offered, type Row, silence, took } from '../table.ts';

const list = (...codes: readonly number[]): readonly [55, string] => [55, codes.map(u8).join('')];

const PARAMETERS: readonly Row[] = [
  {
    rfc: 'RFC 2132 §9.8',
    rule: 'no list: everything that the network has, mask, router, name servers and times among it',
    send: ({ client }) => discover(client),
    back: () => ({
      options: {
        1: ip('255.255.0.0'),
        3: ip(LAN.router),
        6: ip(LAN.dns),
        15: text(LAN.domain),
        28: ip('10.77.255.255'),
        42: ip('10.77.0.9'),
        51: u32(LAN.lease),
        58: u32(LAN.lease / 2),
        59: u32((LAN.lease * 7) / 8),
      },
    }),
  },
  {
    rfc: 'RFC 2132 §9.8',
    rule: 'an empty list says nothing',
    send: ({ client }) => discover(client, { options: [[55, '']] }),
    back: () => ({ options: { 1: ip('255.255.0.0'), 3: ip(LAN.router) } }),
  },
  {
    rfc: 'RFC 2132 §9.8',
    rule: 'what is asked for comes in the order asked, and nothing else but what the lease needs',
    send: ({ client }) => discover(client, { options: [list(42, 15, 6, 1)] }),
    back: () => ({ order: [53, 54, 51, 58, 59, 42, 15, 6, 1], lacks: [3, 28] }),
  },
  {
    rfc: 'RFC 2132 §3.3',
    rule: 'the mask comes before the routers, whatever the order asked',
    send: ({ client }) => discover(client, { options: [list(6, 3, 1)] }),
    back: () => ({ order: [53, 54, 51, 58, 59, 6, 1, 3] }),
  },
  {
    rfc: 'RFC 2132 §9.8',
    rule: 'asked for twice, sent once; asked for and not there, not sent',
    send: ({ client }) => discover(client, { options: [list(6, 6, 200, 119, 1, 6)] }),
    back: () => ({ order: [53, 54, 51, 58, 59, 6, 1] }),
  },
  {
    rfc: 'RFC 2132 §9.8',
    rule: 'options of the conversation itself cannot be asked for: 50, 52, 55, 57, 61, 82',
    send: ({ client }) => discover(client, { options: [list(50, 52, 53, 54, 55, 57, 61, 82, 0, 255, 1)] }),
    back: () => ({ order: [53, 54, 51, 58, 59, 1] }),
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'OFFER and ACK of one request have the same parameters',
    send: ({ client }) => discover(client, { options: [list(1, 3, 6)] }),
    back: () => ({ type: 'OFFER', order: [53, 54, 51, 58, 59, 1, 3, 6] }),
    and: took,
    next: [
      {
        send: ({ client }) => selecting(client, { options: [list(1, 3, 6)] }),
        back: () => ({
          type: 'ACK',
          order: [53, 54, 51, 58, 59, 1, 3, 6],
          options: { 1: ip('255.255.0.0'), 3: ip(LAN.router), 6: ip(LAN.dns) },
        }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'an INFORM gets what it asks for, and no times though it asks for them',
    given: bound,
    send: ({ client }) => inform(client, { options: [list(51, 58, 59, 6, 1)] }),
    back: () => ({ type: 'ACK', order: [53, 54, 6, 1] }),
  },
  {
    rfc: 'RFC 4039 §3',
    rule: 'rapid commit is not spoken: a DISCOVER that asks for it is offered an address the long way',
    send: ({ client }) => discover(client, { options: [[80, '']] }),
    back: () => ({ type: 'OFFER', lacks: [80] }),
  },
];

const TIMES: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.4.5',
    rule: 'T1 is half of the lease and T2 seven eighths where nothing else is said',
    given: bound,
    send: ({ client }) => renewing(client, { options: [list(1)] }),
    back: () => ({
      options: { 51: u32(LAN.lease), 58: u32(LAN.lease / 2), 59: u32((LAN.lease * 7) / 8) },
    }),
  },
  {
    rfc: 'RFC 2132 §9.11, §9.12',
    rule: 'T1 and T2 of the subnet, in OFFER and ACK, asked for or not',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client, { options: [list(1)] }),
    back: () => ({ options: { 51: u32(RACK.lease), 58: u32(RACK.renew), 59: u32(RACK.rebind) } }),
    and: took,
    next: [
      {
        send: ({ client }) => selecting(client, { options: [list(1)] }),
        back: () => ({ options: { 51: u32(RACK.lease), 58: u32(RACK.renew), 59: u32(RACK.rebind) } }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a lease time that the client asks for does not change what the subnet gives (MAY)',
    send: ({ client }) => discover(client, { options: [[51, u32(60)]] }),
    back: () => ({ options: { 51: u32(LAN.lease) } }),
  },
];

/** Where an option is set in several places, the nearest to the client wins. */
const LAYERS: readonly Row[] = [
  {
    rfc: 'configuration',
    rule: 'options of the server hold in every subnet',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client),
    back: () => ({ options: { 14: text('from-server'), 17: text('from-server'), 42: ip('10.77.0.9') } }),
  },
  {
    rfc: 'configuration',
    rule: 'options of the subnet over those of the server',
    send: ({ client }) => discover(client),
    back: () => ({ options: { 14: text('from-subnet'), 17: text('from-subnet'), 42: ip('10.77.0.9') } }),
  },
  {
    rfc: 'configuration',
    rule: 'options of the profile over those of the subnet, options of the machine over all',
    as: { mac: LAYERED.mac },
    send: ({ client }) => discover(client),
    back: () => ({ options: { 14: text('from-machine'), 17: text('from-profile'), 42: ip('10.77.0.9') } }),
  },
];

const classWithLength = (name: string): string => tlv(0, text(name)).slice(2);

const CLASSES: readonly Row[] = [
  { rule: 'one class with its length', hex: classWithLength('rack-a') },
  { rule: 'several classes, each with its length', hex: classWithLength('x') + classWithLength('rack-b') },
  { rule: 'bare text, as iPXE and dhclient send it', hex: text('rack-c') },
].map(({ rule, hex }) => ({
  rfc: 'RFC 3004 §4',
  rule: `a profile is chosen by user class: ${rule}`,
  send: ({ client }) => discover(client, { options: [[77, hex]] }),
  back: () => ({ type: 'OFFER', options: { 17: text('from-profile') }, lacks: [77] }),
}));

const IDENTIFIED = { id: '00746865206f6e65' };
/** The identifier goes back as it came (RFC 6842 §3), in whatever is answered. */
const IDENTITY: readonly Row[] = [
  {
    rfc: 'RFC 6842 §3',
    rule: 'the identifier is returned in an OFFER',
    as: IDENTIFIED,
    send: ({ client }) => discover(client, { options: [list(1)] }),
    back: ({ client }) => ({ type: 'OFFER', options: { 61: client.id ?? '' } }),
  },
  {
    rfc: 'RFC 6842 §3',
    rule: 'and in an ACK',
    as: { id: '0074776f' },
    given: offered,
    send: ({ client }) => selecting(client),
    back: ({ client }) => ({ type: 'ACK', options: { 61: client.id ?? '' } }),
  },
  {
    rfc: 'RFC 6842 §3',
    rule: 'and in a NAK',
    as: { id: '007468726565' },
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: ({ client }) => ({ type: 'NAK', order: [53, 54, 56, 61], options: { 61: client.id ?? '' } }),
  },
  {
    rfc: 'RFC 6842 §3',
    rule: 'and in the answer to an INFORM',
    as: { id: '00666f7572' },
    given: bound,
    send: ({ client }) => inform(client),
    back: ({ client }) => ({ type: 'ACK', options: { 61: client.id ?? '' } }),
  },
  {
    rfc: 'RFC 2131 §4.2',
    rule: 'a client is known by its identifier: another hardware address, the same lease',
    as: { id: '00696e73696465' },
    given: bound,
    send: ({ client }) => discover({ ...client, mac: '52:54:00:cc:00:01' }),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address, link: '52:54:00:cc:00:01' }),
  },
  {
    rfc: 'RFC 2131 §4.2',
    rule: 'one hardware address with two identifiers is two clients',
    as: { id: '0061' },
    given: bound,
    send: ({ client }) => discover({ ...client, id: '0062' }),
    back: () => ({ type: 'OFFER' }),
    and: ({ client }, { yiaddr }) => assert.notEqual(yiaddr, client.address),
  },
  {
    rfc: 'RFC 4361 §6.1',
    rule: 'an identifier made of IAID and DUID is as good as any',
    as: { id: 'ff00000007000400112233445566778899aabbccddeeff' },
    given: bound,
    send: ({ client }) => discover({ ...client, mac: '52:54:00:cc:00:02' }),
    back: ({ client }) => ({ yiaddr: client.address, options: { 61: client.id ?? '' } }),
  },
  {
    rfc: 'RFC 2132 §9.14',
    rule: 'an identifier that is the hardware address is no other client than one without: ROM and iPXE',
    given: bound,
    send: ({ client }) => discover({ ...client, id: `01${client.mac.replaceAll(':', '')}` }),
    back: ({ client }) => ({ yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2132 §9.14',
    rule: 'an identifier that is too short to be one does not make one client of many; it is returned all the same',
    as: { id: '' },
    given: bound,
    send: ({ other }) => discover({ ...other, id: '' }),
    back: () => ({ type: 'OFFER', options: { 61: '' } }),
    and: ({ client }, { yiaddr }) => assert.notEqual(yiaddr, client.address),
  },
  {
    rfc: 'RFC 2131 §4.2',
    rule: 'without identifier and hardware address nothing tells a client from others: silence',
    as: { htype: 32, mac: '' },
    send: ({ client }) => discover(client, { linkSource: '52:54:00:cc:00:03' }),
    back: silence,
  },
  {
    rfc: 'configuration',
    rule: 'clientIdentity: mac makes one client of a machine’s identifiers, and still returns each',
    as: { relay: BY_MAC.relay, id: '0070786500' },
    given: bound,
    send: ({ client }) => discover({ ...client, id: 'ff000000010003000152540000' }),
    back: ({ client }) => ({ yiaddr: client.address, options: { 61: 'ff000000010003000152540000' } }),
  },
];

export const OPTIONS: readonly Row[] = [...PARAMETERS, ...TIMES, ...LAYERS, ...CLASSES, ...IDENTITY];
