/** What relays say and are told: RFC 3046, 3527, 5107, 8357; subnet selection by clients (RFC 3011); shared networks. */
import assert from 'node:assert/strict';
import {
  discover,
  RELAY_NIC,
  rebinding,
  rebooting,
  renewing,
  SERVER,
  selecting,
  selectingAt,
} from '../client.ts';
import { ip, text, tlv, u32 } from '../message.ts';
import { RACK, SELECTED, SHARED } from '../site.ts';
import { bound, offered, type Row, silence, took } from '../table.ts';

/** Circuit, remote id, and a vendor's own sub-option, padded and ended as no standard says. */
const AGENT = `${tlv(1, text('ge-0/0/7'))}${tlv(2, '0004deadbeef')}${tlv(151, '00')}`;
const TRUNCATED = `${tlv(1, text('x'))}02ff00`;
const last = (order: readonly number[]): number | undefined => order.at(-1);

const AGENT_INFORMATION: readonly Row[] = [
  {
    rfc: 'RFC 3046 §2.2',
    rule: 'option 82 goes back as it came, last, in an OFFER',
    as: { relay: RACK.relay, agent: AGENT },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', options: { 82: AGENT }, end: true }),
    and: (_, { order }) => assert.equal(last(order), 82),
  },
  {
    rfc: 'RFC 3046 §2.2',
    rule: 'in an ACK, whatever the client asks for, and behind the identifier',
    as: { relay: RACK.relay, agent: AGENT, id: '0061676574' },
    given: offered,
    send: ({ client }) => selecting(client, { options: [[55, '01']] }),
    back: () => ({ type: 'ACK', order: [53, 54, 51, 58, 59, 1, 61, 82], options: { 82: AGENT } }),
  },
  {
    rfc: 'RFC 3046 §2.2',
    rule: 'in a NAK',
    as: { relay: RACK.relay, agent: AGENT },
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: () => ({ type: 'NAK', order: [53, 54, 56, 82], options: { 82: AGENT } }),
  },
  {
    rfc: 'RFC 3046 §2.2',
    rule: 'a relay that puts it first gets it last',
    as: { relay: RACK.relay },
    send: ({ client }) => {
      const sending = discover(client);
      const options = [[82, AGENT] as const, ...sending.message.options];
      return { ...sending, message: { ...sending.message, options } };
    },
    back: () => ({ options: { 82: AGENT } }),
    and: (_, { order }) => assert.equal(last(order), 82),
  },
  {
    rfc: 'RFC 3046 §2.2',
    rule: 'sub-options that run past the end are the relay’s own affair',
    as: { relay: RACK.relay, agent: TRUNCATED },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', options: { 82: TRUNCATED } }),
  },
  {
    rfc: 'RFC 3046 §2.1',
    rule: 'option 82 without giaddr, from a switch that is no relay, goes back too',
    send: ({ client }) => discover(client, { options: [[82, AGENT]] }),
    back: ({ client }) => ({ type: 'OFFER', options: { 82: AGENT }, link: client.mac }),
  },
];

const linkSelection = (network: string): string => tlv(5, ip(network));

const SELECTION: readonly Row[] = [
  {
    rfc: 'RFC 3527 §2',
    rule: 'link selection names the subnet, giaddr where the reply goes',
    as: { relay: RACK.relay, agent: linkSelection(SELECTED.network) },
    send: ({ client }) => discover(client),
    back: () => ({
      type: 'OFFER',
      to: `${RACK.relay}:67`,
      giaddr: RACK.relay,
      options: { 82: linkSelection(SELECTED.network) },
    }),
    and: (stage, answer) => {
      assert.match(answer.yiaddr, /^10\.83\.0\./);
      took(stage, answer);
    },
    next: [
      {
        send: ({ client }) => selecting(client),
        back: ({ client }) => ({ type: 'ACK', to: `${RACK.relay}:67`, yiaddr: client.address }),
      },
      {
        send: ({ client }) => rebinding(client),
        back: ({ client }) => ({ type: 'ACK', to: `${RACK.relay}:67`, yiaddr: client.address }),
      },
      {
        send: ({ client }) => renewing(client),
        back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68`, yiaddr: client.address }),
      },
    ],
  },
  {
    rfc: 'RFC 3527 §2',
    rule: 'a link that no subnet holds: silence, and no address of giaddr’s network instead',
    as: { relay: RACK.relay, agent: linkSelection('192.0.2.0') },
    send: ({ client }) => discover(client),
    back: silence,
  },
  {
    rfc: 'RFC 3011 §2',
    rule: 'subnet selection by the client, which is given the option back',
    send: ({ client }) =>
      discover(client, {
        options: [
          [118, ip(SELECTED.network)],
          [55, '01'],
        ],
      }),
    back: () => ({ type: 'OFFER', options: { 1: ip('255.255.255.0'), 118: ip(SELECTED.network) } }),
    and: (_, { yiaddr }) => assert.match(yiaddr, /^10\.83\.0\./),
  },
  {
    rfc: 'RFC 3011 §2',
    rule: 'subnet selection over giaddr',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client, { options: [[118, ip(SELECTED.network)]] }),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:67` }),
    and: (_, { yiaddr }) => assert.match(yiaddr, /^10\.83\.0\./),
  },
  {
    rfc: 'RFC 3527 §3',
    rule: 'link selection over subnet selection',
    as: { relay: SELECTED.relay, agent: linkSelection(RACK.relay) },
    send: ({ client }) => discover(client, { options: [[118, ip(SELECTED.network)]] }),
    back: () => ({ type: 'OFFER' }),
    and: (_, { yiaddr }) => assert.match(yiaddr, /^10\.80\.0\./),
  },
];

const override = tlv(11, ip(RACK.relay));

const OVERRIDE: readonly Row[] = [
  {
    rfc: 'RFC 5107 §4',
    rule: 'server identifier override: the server goes by the relay’s address, from OFFER to renewal',
    as: { relay: RACK.relay, agent: override },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', from: `${SERVER}:67`, options: { 54: ip(RACK.relay), 82: override } }),
    and: took,
    next: [
      {
        send: ({ client }) => selectingAt(client, client.address, RACK.relay),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 54: ip(RACK.relay) } }),
      },
      {
        // The client renews at the relay, which passes it on.
        send: ({ client }) => rebinding(client),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 54: ip(RACK.relay) } }),
      },
    ],
  },
  {
    rfc: 'RFC 5107 §4',
    rule: 'a REQUEST that names yet another server is not ours',
    as: { relay: RACK.relay, agent: override },
    given: offered,
    send: ({ client }) => selectingAt(client, client.address, '10.80.0.2'),
    back: silence,
  },
  {
    rfc: 'RFC 8357 §5.1',
    rule: 'relay source port: the reply goes to the port the relay sent from',
    as: { relay: RACK.relay, agent: tlv(19, '') },
    send: ({ client }) => discover(client, { sourcePort: 20_067 }),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:20067`, options: { 82: tlv(19, '') } }),
  },
  {
    rfc: 'RFC 8357 §5.1',
    rule: 'without that sub-option, port 67',
    as: { relay: RACK.relay, agent: tlv(1, '00') },
    send: ({ client }) => discover(client, { sourcePort: 20_067 }),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:67` }),
  },
];

const SHARED_NETWORK: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'shared network: an address of the relay’s own subnet while there is one, with its mask and router',
    as: { relay: SHARED.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', yiaddr: SHARED.only, options: { 3: ip(SHARED.router) } }),
    and: took,
    next: [
      { send: ({ client }) => selecting(client), back: () => ({ type: 'ACK', yiaddr: SHARED.only }) },
      {
        send: ({ other }) => discover(other),
        back: () => ({
          type: 'OFFER',
          to: `${SHARED.relay}:67`,
          options: { 3: ip('10.88.0.1'), 51: u32(3600) },
        }),
        and: ({ other }, { yiaddr }) => {
          assert.ok(yiaddr.startsWith(`${SHARED.more}.`), `${yiaddr} is of the second subnet`);
          other.address = yiaddr;
        },
      },
      {
        send: ({ other }) => selecting(other),
        back: ({ other }) => ({ type: 'ACK', yiaddr: other.address, options: { 3: ip('10.88.0.1') } }),
      },
      {
        send: ({ other }) => rebooting(other),
        back: ({ other }) => ({ type: 'ACK', yiaddr: other.address }),
      },
      {
        send: ({ other }) => rebooting(other, '10.80.0.99'),
        back: () => ({ type: 'NAK' }),
      },
    ],
  },
];

/** Messages that only pretend to be relayed. */
const SPOOFED: readonly Row[] = [
  ...['192.0.2.1', '255.255.255.255', '127.0.0.1', '224.0.0.1', '0.0.0.1', '10.79.255.1'].map(
    (giaddr): Row => ({
      rfc: 'RFC 2131 §4.1',
      rule: `a giaddr of no configured subnet is ignored: ${giaddr}`,
      as: { relay: giaddr },
      send: ({ client }) => discover(client),
      back: silence,
    }),
  ),
  ...['255.255.255.255', '127.0.0.1', '224.0.0.1', '0.0.0.1', '240.0.0.1'].map(
    (giaddr): Row => ({
      rfc: 'RFC 2131 §4.1',
      rule: `a giaddr that no host has is ignored, though it selects a link: ${giaddr}`,
      as: { relay: giaddr, agent: linkSelection(SELECTED.network) },
      send: ({ client }) => discover(client),
      back: silence,
    }),
  ),
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a false giaddr of a configured subnet: the reply goes there, not to the sender',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => discover(client, { source: '10.77.0.66', linkSource: '52:54:00:dd:00:01' }),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:67`, link: RELAY_NIC.mac }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a giaddr that is the server’s own address: nothing comes back to the sender',
    as: { relay: SERVER },
    send: ({ client }) => discover(client, { source: '10.77.0.66' }),
    back: silence,
  },
];

export const RELAYS: readonly Row[] = [
  ...AGENT_INFORMATION,
  ...SELECTION,
  ...OVERRIDE,
  ...SHARED_NETWORK,
  ...SPOOFED,
];
