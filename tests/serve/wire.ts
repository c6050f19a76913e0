/** A network of arrays: datagrams are handed in, what is sent is kept. For what the pipeline does between the two. */
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import type { Packet } from '../../src/dhcp/packet.ts';
import type { Datagram, Network, Nic, Outgoing, ReceiveHandler, UdpSocket } from '../../src/net/udp.ts';
import { ip } from '../leases/rules.ts';

export const NIC: Nic = {
  name: 'eth1',
  index: 2,
  mac: '02:00:00:00:00:01',
  addresses: [{ address: ip('10.0.0.1'), prefix: 24 }],
  up: true,
  loopback: false,
  mtu: 1500,
};

export interface Wire {
  readonly network: Network;
  /** Everything sent so far. */
  readonly sent: Outgoing[];
  /** What was sent, as DHCP messages. */
  replies(): Packet[];
  /** One batch to a port, as one recvmmsg would bring it. */
  deliver(port: number, ...messages: readonly (Packet | Uint8Array)[]): void;
}

export function createWire(): Wire {
  const handlers = new Map<number, { readonly receive: ReceiveHandler; readonly socket: UdpSocket }>();
  const sent: Outgoing[] = [];
  const network: Network = {
    nics: () => [NIC],
    open({ nic, port, onReceive }) {
      const socket: UdpSocket = {
        nic,
        port,
        send(batch) {
          sent.push(...batch);
          return { sent: batch.length, failed: [] };
        },
        close: () => void handlers.delete(port),
      };
      handlers.set(port, { receive: onReceive, socket });
      return socket;
    },
    pin: (bytes) => ({ bytes, address: 0 }),
    neighbour: () => undefined,
    close: async () => {},
  };
  const datagram = (message: Packet | Uint8Array): Datagram => ({
    data: message instanceof Uint8Array ? message : encodePacket(message).bytes,
    source: 0,
    sourcePort: 68,
    destination: 0xffff_ffff,
    localAddress: ip('10.0.0.1'),
    truncated: false,
  });
  return {
    network,
    sent,
    replies: () =>
      sent.map(({ head }) => {
        const packet = decodePacket(head);
        if (isMalformed(packet)) throw new Error(packet.detail);
        return packet;
      }),
    deliver(port, ...messages) {
      const handler = handlers.get(port);
      if (handler === undefined) throw new Error(`nothing listens on ${port}`);
      handler.receive(messages.map(datagram), handler.socket);
    },
  };
}
