/** REQUEST in the four states of RFC 2131 §4.3.2 and table 4, and what is refused in each. */
import {
  EVERYWHERE,
  message,
  rebinding,
  rebooting,
  renewing,
  SERVER,
  selecting,
  selectingAt,
} from '../client.ts';
import { BROADCAST_BIT, ip, TYPE, u8, u32 } from '../message.ts';
import { LAN, RACK } from '../site.ts';
import { bothBound, bound, type Expected, offered, type Row, type Stage, silence } from '../table.ts';
import { isWhatIsLeft } from './addresses.ts';

const renewed = ({ client }: Stage): Expected => ({
  type: 'ACK',
  yiaddr: client.address,
  ciaddr: client.address,
  options: { 51: u32(LAN.lease) },
});
const kept = ({ client }: Stage): Expected => ({
  type: 'ACK',
  yiaddr: client.address,
  ciaddr: '0.0.0.0',
  options: { 51: u32(LAN.lease) },
});
/** Table 3: a NAK says no more than this. */
const refused = (): Expected => ({
  type: 'NAK',
  to: `${EVERYWHERE}:68`,
  ciaddr: '0.0.0.0',
  yiaddr: '0.0.0.0',
  siaddr: '0.0.0.0',
  sname: '',
  file: '',
  order: [53, 54, 56],
  options: { 54: ip(SERVER) },
});
const strayAddress = async ({ client }: Stage): Promise<void> => {
  client.address = '10.77.93.1';
};
const wrongNetwork = async ({ client }: Stage): Promise<void> => {
  client.address = '10.80.0.60';
};
const othersAddress = async (stage: Stage): Promise<void> => {
  await stage.scene.bound(stage.other);
  stage.client.address = stage.other.address;
};

const SELECTING: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'the offered address is acknowledged',
    given: offered,
    send: ({ client }) => selecting(client),
    back: kept,
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'clients that name the address in ciaddr as well (RFC 1541) are acknowledged',
    given: offered,
    send: ({ client }) => selecting(client, { ciaddr: client.address }),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'another address than the one offered, held by somebody, is refused',
    given: async (stage) => {
      await stage.scene.offered(stage.client);
      await othersAddress(stage);
    },
    send: ({ client }) => selecting(client),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'an address of another network is refused',
    given: wrongNetwork,
    send: ({ client }) => selecting(client),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'a REQUEST that names another server is not ours to answer, not even by a NAK',
    given: wrongNetwork,
    send: ({ client }) => selectingAt(client, client.address, '10.77.0.99'),
    back: silence,
  },
];

const INIT_REBOOT: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'the address that the client had is its address still',
    given: bound,
    send: ({ client }) => rebooting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, ciaddr: '0.0.0.0' }),
    and: isWhatIsLeft,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'an address of another network is refused',
    given: bound,
    send: ({ client }) => rebooting(client, '192.0.2.7'),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'another address of this network than its own is refused',
    given: bound,
    send: ({ client }) => rebooting(client, '10.77.93.9'),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'an address that somebody else holds is refused',
    given: othersAddress,
    send: ({ client }) => rebooting(client),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'a stranger keeps a free address of a pool: an authoritative server knows that nobody else gives it',
    given: strayAddress,
    send: ({ client }) => rebooting(client),
    back: kept,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'through a relay, the NAK goes to the relay with the broadcast bit set',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => rebooting(client, '192.0.2.7'),
    back: () => ({
      type: 'NAK',
      to: `${RACK.relay}:67`,
      giaddr: RACK.relay,
      flags: BROADCAST_BIT,
      order: [53, 54, 56],
    }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'a client that has moved to a relay’s network is refused the address of the old one',
    as: { relay: RACK.relay },
    send: ({ client }) => rebooting(client, '10.77.20.20'),
    back: () => ({ type: 'NAK', to: `${RACK.relay}:67`, flags: BROADCAST_BIT }),
  },
];

const RENEWING: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'the lease is extended',
    given: bound,
    send: ({ client }) => renewing(client),
    back: renewed,
  },
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'a client behind a relay renews past it: the address in ciaddr tells its network',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => renewing(client),
    back: ({ client }) => ({
      type: 'ACK',
      to: `${client.address}:68`,
      giaddr: '0.0.0.0',
      yiaddr: client.address,
      options: { 3: ip(RACK.relay), 51: u32(RACK.lease) },
    }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'an address that somebody else holds is refused',
    given: othersAddress,
    send: ({ client }) => renewing(client),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'an address of no network here is refused',
    given: async ({ client }) => {
      client.address = '10.77.200.200';
    },
    send: ({ client }) => renewing(client),
    back: refused,
  },
];

const REBINDING: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'the lease is extended',
    given: bound,
    send: ({ client }) => rebinding(client),
    back: renewed,
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'through a relay too',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => rebinding(client),
    back: ({ client }) => ({
      type: 'ACK',
      to: `${RACK.relay}:67`,
      giaddr: RACK.relay,
      ciaddr: client.address,
      yiaddr: client.address,
    }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'ciaddr is checked: an address that is wrong on the network it is broadcast on is refused',
    given: wrongNetwork,
    send: ({ client }) => rebinding(client),
    back: refused,
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'an address that somebody else holds is refused',
    given: bothBound,
    send: ({ client, other }) => rebinding(client, { ciaddr: other.address, source: other.address }),
    back: refused,
  },
];

export const REQUESTS: readonly Row[] = [
  ...SELECTING,
  ...INIT_REBOOT,
  ...RENEWING,
  ...REBINDING,
  {
    rfc: 'RFC 2131 §4.3.6',
    rule: 'a REQUEST that names neither a server nor an address is in no state at all',
    send: ({ client }) => message(client, [[53, u8(TYPE.REQUEST)]]),
    back: silence,
  },
];
