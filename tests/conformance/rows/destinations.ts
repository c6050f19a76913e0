/** Where replies go (RFC 2131 §4.1), link addresses included. */
import assert from 'node:assert/strict';
import {
  discover,
  EVERYWHERE,
  RELAY_NIC,
  rebinding,
  rebooting,
  renewing,
  SERVER,
  selecting,
} from '../client.ts';
import { LINK_BROADCAST } from '../frames.ts';
import { BROADCAST_BIT } from '../message.ts';
import { RACK } from '../site.ts';
import { bound, offered, type Row, type Stage } from '../table.ts';

const SOURCE = `${SERVER}:67`;

/** Nobody was asked who has the address: the client could not have answered. */
const withoutArp = ({ scene }: Stage, { yiaddr }: { readonly yiaddr: string }): void => {
  const asked = scene.link.frames.all.some((frame) => frame.kind === 'arp' && frame.target === yiaddr);
  assert.equal(asked, false, `an ARP request for ${yiaddr}`);
};

export const DESTINATIONS: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'giaddr set: to the relay, at the server port',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', from: SOURCE, to: `${RACK.relay}:67`, link: RELAY_NIC.mac }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'giaddr set: to the relay even when the broadcast bit is set; the relay reads the bit, which it is given back',
    as: { relay: RACK.relay, flags: BROADCAST_BIT },
    given: offered,
    send: ({ client }) => selecting(client),
    back: () => ({ type: 'ACK', to: `${RACK.relay}:67`, link: RELAY_NIC.mac, flags: BROADCAST_BIT }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'giaddr set: to the relay even when ciaddr is set',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => rebinding(client),
    back: () => ({ type: 'ACK', to: `${RACK.relay}:67` }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'giaddr tells where the reply goes, wherever the request came from',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client, { source: '10.77.0.66', sourcePort: 1067 }),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:67` }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'ciaddr set: unicast to it',
    given: bound,
    send: ({ client }) => renewing(client),
    back: ({ client }) => ({ type: 'ACK', from: SOURCE, to: `${client.address}:68`, link: client.mac }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'ciaddr set: unicast to it, the broadcast bit or not',
    as: { flags: BROADCAST_BIT },
    given: bound,
    send: ({ client }) => rebinding(client),
    back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68`, link: client.mac }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'ciaddr set: the port is 68, whatever port the request came from',
    given: bound,
    send: ({ client }) => renewing(client, { sourcePort: 1068 }),
    back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68` }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'the broadcast bit: an OFFER is broadcast',
    as: { flags: BROADCAST_BIT },
    send: ({ client }) => discover(client),
    back: () => ({
      type: 'OFFER',
      from: SOURCE,
      to: `${EVERYWHERE}:68`,
      link: LINK_BROADCAST,
      flags: BROADCAST_BIT,
    }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'the broadcast bit: an ACK is broadcast',
    as: { flags: BROADCAST_BIT },
    given: offered,
    send: ({ client }) => selecting(client),
    back: () => ({ type: 'ACK', to: `${EVERYWHERE}:68`, link: LINK_BROADCAST }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'no broadcast bit: an OFFER is unicast to yiaddr at chaddr, without ARP',
    send: ({ client }) => discover(client),
    back: ({ client }) => ({ type: 'OFFER', from: SOURCE, link: client.mac, flags: 0 }),
    and: (stage, answer) => {
      assert.equal(answer.to, `${answer.yiaddr}:68`);
      withoutArp(stage, answer);
    },
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'no broadcast bit: an ACK is unicast to yiaddr at chaddr, without ARP',
    given: offered,
    send: ({ client }) => selecting(client),
    back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68`, link: client.mac }),
    and: withoutArp,
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'no broadcast bit: chaddr is the link address, whatever the frame came from',
    send: ({ client }) => discover(client, { linkSource: '52:54:00:ee:00:01' }),
    back: ({ client }) => ({ type: 'OFFER', link: client.mac }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'an address that moves to another client is sent to that one’s chaddr',
    given: bound,
    send: ({ client, other }) =>
      discover({ ...other, mac: '52:54:00:ee:00:02' }, { options: [[61, '00aa']], ciaddr: client.address }),
    back: () => ({ type: 'OFFER', link: '52:54:00:ee:00:02' }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a DISCOVER with ciaddr (against table 5) is answered at yiaddr: nobody answers at ciaddr',
    send: ({ client }) => discover(client, { ciaddr: '192.0.2.5' }),
    back: ({ client }) => ({ type: 'OFFER', link: client.mac, ciaddr: '0.0.0.0' }),
    and: (_, { to, yiaddr }) => assert.equal(to, `${yiaddr}:68`),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a link address that is no Ethernet address: broadcast',
    as: { htype: 6 },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', to: `${EVERYWHERE}:68`, link: LINK_BROADCAST, htype: 6 }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a NAK is broadcast, the broadcast bit or not',
    given: bound,
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: () => ({ type: 'NAK', from: SOURCE, to: `${EVERYWHERE}:68`, link: LINK_BROADCAST }),
  },
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'a NAK is broadcast even when ciaddr is set',
    send: ({ client }) => renewing({ ...client, address: '10.77.200.99' }),
    back: () => ({ type: 'NAK', to: `${EVERYWHERE}:68`, link: LINK_BROADCAST }),
  },
  {
    rfc: 'RFC 2131 §4.3.2',
    rule: 'a relayed NAK goes to the relay, with the broadcast bit for the relay to see',
    as: { relay: RACK.relay },
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: () => ({ type: 'NAK', to: `${RACK.relay}:67`, link: RELAY_NIC.mac, flags: BROADCAST_BIT }),
  },
];
