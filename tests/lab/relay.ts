/**
 * A relay agent with any number of clients behind it, played by the test over a real UDP socket in a namespace. It sees
 * every reply as it comes off the wire.
 */

import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import type { Network } from '../../src/net/udp.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { formatMac } from '../../src/values/mac.ts';
import { inside, nicOf } from '../net/inside.ts';
import type { Namespace } from './netns.ts';

export interface RelayOptions {
  readonly namespace: Namespace;
  readonly nic: string;
  /** The relay's address among its clients (giaddr), which chooses their subnet. */
  readonly giaddr: string;
  readonly server: string;
  readonly onReply: (reply: RelayedReply) => void;
}

/** An OFFER, ACK or NAK. */
export interface RelayedReply {
  readonly type: ReturnType<typeof messageType>;
  readonly client: number;
  readonly ip: string;
  /** Option 51, seconds. */
  readonly leaseTime: number | undefined;
}

export interface Asking {
  /** Option 50. */
  readonly requested?: string | undefined;
  /** Option 54. */
  readonly serverId?: string | undefined;
  readonly ciaddr?: string | undefined;
}

export interface Relay {
  /** A message of a client, by its number. */
  send(type: MessageName, client: number, asking?: Asking): void;
  close(): void;
}

const [REQUESTED_ADDRESS, LEASE_TIME, SERVER_ID] = [50, 51, 54];
const SERVER_PORT = 67;

/** The MAC address of a client; the first byte says that it is locally administered. */
export const macOfClient = (client: number): string => formatMac(chaddrOf(client));

const chaddrOf = (client: number): Uint8Array =>
  Uint8Array.of(2, 0, 0, client >>> 16, (client >>> 8) & 255, client & 255);

function address(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

const octets = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number));

export function openRelay(network: Network, options: RelayOptions): Relay {
  const { namespace, nic, giaddr, server, onReply } = options;
  const socket = inside(namespace, () =>
    network.open({
      nic: nicOf(network, nic),
      port: SERVER_PORT,
      slotSize: 2048,
      onReceive(batch) {
        for (const { data } of batch) {
          const reply = decodePacket(data);
          if (!isMalformed(reply) && reply.op === 2) onReply(relayed(reply));
        }
      },
    }),
  );

  function relayed(reply: Packet): RelayedReply {
    const [, , , a = 0, b = 0, c = 0] = reply.chaddr;
    const time = reply.options.get(LEASE_TIME);
    return {
      type: messageType(reply),
      client: (a << 16) | (b << 8) | c,
      ip: formatIpv4(reply.yiaddr),
      leaseTime: time === undefined ? undefined : new DataView(time.buffer, time.byteOffset).getUint32(0),
    };
  }

  return {
    send(type, client, { requested, serverId, ciaddr } = {}) {
      const wire = new Map([[53, messageTypeBytes(type)]]);
      if (requested !== undefined) wire.set(REQUESTED_ADDRESS, octets(requested));
      if (serverId !== undefined) wire.set(SERVER_ID, octets(serverId));
      const packet: Packet = {
        op: 1,
        htype: 1,
        hops: 1,
        xid: client,
        secs: 0,
        flags: 0,
        ciaddr: ciaddr === undefined ? 0 : address(ciaddr),
        yiaddr: 0,
        siaddr: 0,
        giaddr: address(giaddr),
        chaddr: chaddrOf(client),
        sname: '',
        file: '',
        options: wire,
      };
      socket.send([{ to: address(server), port: SERVER_PORT, head: encodePacket(packet).bytes }]);
    },
    close: () => socket.close(),
  };
}
