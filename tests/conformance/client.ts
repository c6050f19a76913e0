/** DHCP clients as RFC 2131 has them: the messages of table 5, and the frames that carry them in each state. */
import { LINK_BROADCAST } from './frames.ts';
import { ip, TYPE, u8, type WireMessage, type WireOption } from './message.ts';

export const SERVER = '10.77.0.1';
/** The NIC of every relay, and of the router towards the networks behind them. */
export const RELAY_NIC = { address: '10.77.0.250', mac: '52:54:00:fe:00:01' };

export interface Client {
  readonly mac: string;
  /** Option 61 in hex, sent with every message. */
  readonly id: string | undefined;
  /** The giaddr of the relay that it sits behind. */
  readonly relay: string | undefined;
  /** Sent by the relay: option 82 in hex. */
  readonly agent: string | undefined;
  readonly flags: number;
  readonly htype: number;
  /** What it was offered last, and then given. */
  address: string;
}

export type Traits = Partial<Omit<Client, 'address'>>;

/** One message and how it travels. */
export interface Sending {
  readonly message: WireMessage;
  readonly linkSource: string;
  /** `server`: the link address of the server's NIC. */
  readonly linkDestination: 'server' | typeof LINK_BROADCAST;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** Header fields and how the frame travels, changed at will; `options` come behind those that the message has anyway. */
export type More = Partial<WireMessage> & Partial<Omit<Sending, 'message'>>;

export const ANYWHERE = '0.0.0.0';
export const EVERYWHERE = '255.255.255.255';

/** Stands for the next transaction id, which the scene gives when the message is sent. */
export const UNNAMED = -1;

function compose(client: Client, options: readonly WireOption[], more: More): Sending {
  const { linkSource, linkDestination, source, sourcePort, destination, destinationPort, ...fields } = more;
  const own: readonly WireOption[] = client.id === undefined ? options : [...options, [61, client.id]];
  const agent: readonly WireOption[] =
    client.agent === undefined || client.relay === undefined ? [] : [[82, client.agent]];
  const relayed = client.relay !== undefined && destination === undefined;
  return {
    message: {
      xid: UNNAMED,
      htype: client.htype,
      chaddr: client.mac,
      flags: client.flags,
      ...(relayed ? { giaddr: client.relay, hops: 1 } : {}),
      ...fields,
      options: [...own, ...(fields.options ?? []), ...(relayed ? agent : [])],
    },
    linkSource: linkSource ?? (client.relay === undefined ? client.mac : RELAY_NIC.mac),
    linkDestination: linkDestination ?? (client.relay === undefined ? LINK_BROADCAST : 'server'),
    source: source ?? (relayed ? client.relay : ANYWHERE) ?? ANYWHERE,
    sourcePort: sourcePort ?? (relayed ? 67 : 68),
    destination: destination ?? (relayed ? SERVER : EVERYWHERE),
    destinationPort: destinationPort ?? 67,
  };
}

const type = (name: keyof typeof TYPE): WireOption => [53, u8(TYPE[name])];

/** From a client to the server itself, past any relay: what clients do once they have an address. */
const unicast = (client: Client): More => ({
  linkDestination: 'server',
  source: client.address,
  destination: SERVER,
});

export const discover = (client: Client, more: More = {}): Sending =>
  compose(client, [type('DISCOVER')], more);

/** REQUEST in SELECTING: the answer to an offer. */
export const selecting = (client: Client, more: More = {}): Sending =>
  selectingAt(client, client.address, SERVER, more);

/** The same with an address and a server of its own choosing. */
export const selectingAt = (client: Client, address: string, server: string, more: More = {}): Sending =>
  compose(client, [type('REQUEST'), [50, ip(address)], [54, ip(server)]], more);

/** REQUEST in INIT-REBOOT. */
export const rebooting = (client: Client, address = client.address, more: More = {}): Sending =>
  compose(client, [type('REQUEST'), [50, ip(address)]], more);

/** REQUEST in RENEWING: unicast. */
export const renewing = (client: Client, more: More = {}): Sending =>
  compose(client, [type('REQUEST')], { ciaddr: client.address, ...unicast(client), ...more });

/** REQUEST in REBINDING: broadcast, from the address in use. */
export const rebinding = (client: Client, more: More = {}): Sending =>
  compose(client, [type('REQUEST')], {
    ciaddr: client.address,
    ...(client.relay === undefined ? { source: client.address } : {}),
    ...more,
  });

export const decline = (client: Client, more: More = {}): Sending =>
  compose(client, [type('DECLINE'), [50, ip(client.address)], [54, ip(SERVER)]], more);

export const release = (client: Client, more: More = {}): Sending =>
  compose(client, [type('RELEASE'), [54, ip(SERVER)]], {
    ciaddr: client.address,
    ...unicast(client),
    ...more,
  });

/** INFORM, unicast, from the address that it was given by other means. */
export const inform = (client: Client, more: More = {}): Sending =>
  compose(client, [type('INFORM')], { ciaddr: client.address, ...unicast(client), ...more });

/** Anything else. */
export const message = (client: Client, options: readonly WireOption[], more: More = {}): Sending =>
  compose(client, options, more);
