/** A server that is not authoritative: it leaves to others what it does not know (RFC 2131 §4.3.2). */
import { discover, rebinding, rebooting, renewing, selecting } from '../client.ts';
import { ip } from '../message.ts';
import { RACK } from '../site.ts';
import { bound, offered, type Row, type Stage, silence } from '../table.ts';

const stranger = async ({ client }: Stage): Promise<void> => {
  client.address = '10.77.96.1';
};

export const SILENT: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a DISCOVER is offered an address',
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER' }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'the offer that is taken is acknowledged',
    given: offered,
    send: ({ client }) => selecting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 SELECTING',
    rule: 'a REQUEST that names us and an address that we cannot give is refused: it is ours to answer',
    given: async (stage) => {
      await stage.scene.bound(stage.other);
      stage.client.address = stage.other.address;
    },
    send: ({ client }) => selecting(client),
    back: () => ({ type: 'NAK' }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'a client that is known keeps its address',
    given: bound,
    send: ({ client }) => rebooting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'a client that is known is refused another address than its own',
    given: bound,
    send: ({ client }) => rebooting(client, '10.77.96.9'),
    back: () => ({ type: 'NAK' }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'no record of the client: silence',
    given: stranger,
    send: ({ client }) => rebooting(client),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'no record of the client, and an address of another network: silence',
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'the same through a relay',
    as: { relay: RACK.relay },
    send: ({ client }) => rebooting(client, '192.0.2.1'),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'a client that is known renews',
    given: bound,
    send: ({ client }) => renewing(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 RENEWING',
    rule: 'no record of the client: silence',
    given: stranger,
    send: ({ client }) => renewing(client),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'no record of the client: silence, another server may have one',
    given: stranger,
    send: ({ client }) => rebinding(client),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'an address of another network: silence',
    given: async ({ client }) => {
      client.address = '192.0.2.1';
    },
    send: ({ client }) => rebinding(client),
    back: silence,
  },
  {
    rfc: 'RFC 2131 §4.3.2 REBINDING',
    rule: 'a client that is known rebinds',
    given: bound,
    send: ({ client }) => rebinding(client, { options: [[55, '01']] }),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address, options: { 1: ip('255.255.0.0') } }),
  },
];
