/** DECLINE, RELEASE and INFORM (RFC 2131 §4.3.3–4.3.5). */
import assert from 'node:assert/strict';
import {
  ANYWHERE,
  decline,
  discover,
  inform,
  release,
  renewing,
  SERVER,
  type Sending,
  selecting,
} from '../client.ts';
import { BROADCAST_BIT, ip } from '../message.ts';
import { DECLINED, LAN, RACK } from '../site.ts';
import {
  bothBound,
  bound,
  type Expected,
  offered,
  type Row,
  type Stage,
  type Step,
  silence,
  took,
} from '../table.ts';

/** A stranger asks for the address. */
const asksForIt: Step['send'] = ({ scene, client }) =>
  discover(scene.client({ relay: client.relay }), { options: [[50, ip(client.address)]] });
const isFree: Step = {
  send: asksForIt,
  back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
};
const isTaken: Step = {
  send: asksForIt,
  back: () => ({ type: 'OFFER' }),
  and: ({ client }, { yiaddr }) => assert.notEqual(yiaddr, client.address),
};

/** The same message with another server in option 54. */
function toAnotherServer({ message, ...rest }: Sending): Sending {
  const options = message.options.map((option) =>
    option[0] === 54 ? ([54, ip('10.77.0.99')] as const) : option,
  );
  return { ...rest, message: { ...message, options } };
}

/** The log line about a DECLINE, which is how the administrator is told. */
const administratorIsTold: Step['and'] = ({ scene, client }) => {
  const told = scene.server.records.all.some(
    ({ message, mac, level }) => message === 'DECLINE' && mac === client.mac && level >= 40,
  );
  assert.ok(told, 'a warning about the DECLINE');
};

const DECLINE: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.3',
    rule: 'a DECLINE is not answered, and its address goes to nobody: not to others',
    given: bound,
    send: ({ client }) => decline(client),
    back: silence,
    next: [isTaken],
  },
  {
    rfc: 'RFC 2131 §4.3.3',
    rule: 'nor to the client itself, which is offered another one',
    given: bound,
    send: ({ client }) => decline(client),
    back: silence,
    next: [
      {
        send: ({ client }) => discover(client, { options: [[50, ip(client.address)]] }),
        back: () => ({ type: 'OFFER' }),
        and: ({ client }, { yiaddr }) => assert.notEqual(yiaddr, client.address),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.3',
    rule: 'the administrator is told',
    given: bound,
    send: ({ client }) => decline(client),
    back: silence,
    next: [
      { send: ({ client }) => discover(client), back: () => ({ type: 'OFFER' }), and: administratorIsTold },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.3',
    rule: 'a fixed address that its machine declines: the machine is a guest until the stranger is found',
    as: { mac: DECLINED.mac },
    given: async (stage) => {
      await bound(stage);
      assert.equal(stage.client.address, DECLINED.address);
    },
    send: ({ client }) => decline(client),
    back: silence,
    next: [
      {
        send: ({ client }) => discover(client),
        back: () => ({ type: 'OFFER' }),
        and: (stage, answer) => {
          assert.notEqual(answer.yiaddr, DECLINED.address);
          took(stage, answer);
        },
      },
      {
        send: ({ client }) => selecting(client),
        back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.3',
    rule: 'an address that the client does not hold is not lost by its DECLINE',
    given: bothBound,
    send: ({ client, other }) => decline({ ...other, mac: client.mac }),
    back: silence,
    next: [
      {
        send: ({ other }) => renewing(other),
        back: ({ other }) => ({ type: 'ACK', yiaddr: other.address }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.4.1 table 5',
    rule: 'a DECLINE that names another server is for that one',
    given: offered,
    send: ({ client }) => toAnotherServer(decline(client)),
    back: silence,
    next: [{ send: ({ client }) => discover(client), back: ({ client }) => ({ yiaddr: client.address }) }],
  },
];

const RELEASE: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.4',
    rule: 'a RELEASE is not answered, and its address is free for others',
    given: bound,
    send: ({ client }) => release(client),
    back: silence,
    next: [isFree],
  },
  {
    rfc: 'RFC 2131 §4.3.4',
    rule: 'from behind a relay it comes straight, with giaddr zero',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => release(client),
    back: silence,
    next: [isFree],
  },
  {
    rfc: 'RFC 2131 §4.4.1 table 5',
    rule: 'a RELEASE that names another server is for that one',
    given: bound,
    send: ({ client }) => toAnotherServer(release(client)),
    back: silence,
    next: [isTaken],
  },
  {
    rfc: 'RFC 2131 §4.3.4',
    rule: 'another client cannot release it',
    given: bothBound,
    send: ({ client, other }) => release({ ...client, mac: other.mac }),
    back: silence,
    next: [isTaken, { send: ({ client }) => renewing(client), back: () => ({ type: 'ACK' }) }],
  },
];

/** What an INFORM is answered with, and what not. */
const parameters = ({ client }: Stage): Expected => ({
  type: 'ACK',
  ciaddr: client.address,
  yiaddr: '0.0.0.0',
  options: { 1: ip('255.255.0.0'), 3: ip(LAN.router), 54: ip(SERVER) },
  lacks: [51, 58, 59],
});
const usesAddress =
  (address: string) =>
  async ({ scene, client }: Stage): Promise<void> => {
    client.address = address;
    scene.link.holds(address, client.mac);
  };
const configured = usesAddress('10.77.210.5');

const INFORM: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'parameters only, no lease time and no yiaddr, straight to ciaddr',
    given: configured,
    send: ({ client }) => inform(client),
    back: (stage) => ({ ...parameters(stage), to: `${stage.client.address}:68`, link: stage.client.mac }),
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'a broadcast INFORM is answered to ciaddr, the broadcast bit or not',
    as: { flags: BROADCAST_BIT },
    given: configured,
    send: ({ client }) =>
      inform(client, { destination: '255.255.255.255', linkDestination: 'ff:ff:ff:ff:ff:ff' }),
    back: (stage) => ({ ...parameters(stage), to: `${stage.client.address}:68` }),
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'one that forgot ciaddr is answered to where it came from',
    given: configured,
    send: ({ client }) => inform(client, { ciaddr: ANYWHERE }),
    back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68`, yiaddr: '0.0.0.0' }),
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'no binding is made of it',
    given: usesAddress('10.77.94.4'),
    send: ({ client }) => inform(client),
    back: () => ({ type: 'ACK', yiaddr: '0.0.0.0' }),
    next: [
      {
        send: ({ other }) => discover(other, { options: [[50, ip('10.77.94.4')]] }),
        back: () => ({ type: 'OFFER', yiaddr: '10.77.94.4' }),
      },
    ],
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'from behind a router, the parameters are those of its own network',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => inform(client),
    back: ({ client }) => ({
      type: 'ACK',
      to: `${client.address}:68`,
      yiaddr: '0.0.0.0',
      options: { 3: ip(RACK.relay) },
      lacks: [51, 58, 59],
    }),
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'through a relay, it is still answered straight to ciaddr',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => {
      const { message, ...unicast } = inform(client);
      return {
        ...unicast,
        message: { ...message, giaddr: RACK.relay, hops: 1 },
        source: RACK.relay,
        sourcePort: 67,
      };
    },
    back: ({ client }) => ({ type: 'ACK', to: `${client.address}:68`, options: { 3: ip(RACK.relay) } }),
  },
  {
    rfc: 'RFC 2131 §4.3.5',
    rule: 'through a relay and without ciaddr, the relay has to broadcast it, since there is no yiaddr to send to',
    as: { relay: RACK.relay },
    given: bound,
    send: ({ client }) => {
      const { message, ...unicast } = inform(client, { ciaddr: ANYWHERE });
      return {
        ...unicast,
        message: { ...message, giaddr: RACK.relay, hops: 1 },
        source: RACK.relay,
        sourcePort: 67,
      };
    },
    back: () => ({ type: 'ACK', to: `${RACK.relay}:67`, flags: BROADCAST_BIT, yiaddr: '0.0.0.0' }),
  },
];

export const ENDINGS: readonly Row[] = [...DECLINE, ...RELEASE, ...INFORM];
