/** A network of arrays: datagrams are handed in, what is sent is kept. For what the pipeline does between the two. */
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import type { Packet } from '../../src/dhcp/packet.ts';
import type {
  AnswerHandler,
  Datagram,
  Network,
  Nic,
  Outgoing,
  ReceiveHandler,
  SocketOptions,
  UdpSocket,
} from '../../src/net/udp.ts';
import type { Ipv4 } from '../../src/values/ipv4.ts';
import type { Mac } from '../../src/values/mac.ts';
import { ip } from '../leases/rules.ts';

export const NIC: Nic = {
  name: 'eth1',
  index: 2,
  mac: '02:00:00:00:00:01',
  addresses: [{ address: ip('10.0.0.1'), prefix: 24 }],
  up: true,
  loopback: false,
  addresses6: [],
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
  /** The address of ours that datagrams come in on from now on; 0: the kernel cannot tell. */
  arriveAt(localAddress: Ipv4): void;
  /** Every question of a prober so far. */
  readonly asked: readonly { readonly by: 'arp' | 'icmp'; readonly address: Ipv4 }[];
  /** Somebody answers every open prober of the kind. */
  answer(by: 'arp' | 'icmp', address: Ipv4, mac?: Mac): void;
  /** How many probers are open. */
  probers(): number;
  /** What the kernel knows of the link. */
  readonly neighbours: Map<Ipv4, Mac>;
  /** From now on questions cannot be sent, for this reason. */
  cut(code: string): void;
}

export function createWire(): Wire {
  const handlers = new Map<number, { readonly receive: ReceiveHandler; readonly socket: UdpSocket }>();
  const sent: Outgoing[] = [];
  const asked: { by: 'arp' | 'icmp'; address: Ipv4 }[] = [];
  const probers = new Set<{ readonly by: 'arp' | 'icmp'; readonly onAnswer: AnswerHandler }>();
  const neighbours = new Map<Ipv4, Mac>();
  let localAddress = ip('10.0.0.1');
  let failure: string | undefined;
  const openProber = (by: 'arp' | 'icmp', onAnswer: AnswerHandler) => {
    const prober = { by, onAnswer };
    probers.add(prober);
    return {
      ask(address: Ipv4) {
        asked.push({ by, address });
        return failure;
      },
      close: () => void probers.delete(prober),
    };
  };
  const open = ({ nic, port, onReceive }: SocketOptions): UdpSocket => {
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
  };
  const network: Network = {
    nics: () => [NIC],
    open,
    openBeside: open,
    pin: (bytes) => ({ bytes, address: 0, size: bytes.length }),
    neighbour: (address) => neighbours.get(address),
    arpProber: (_, onAnswer) => openProber('arp', onAnswer),
    echoProber: (onAnswer) => openProber('icmp', onAnswer),
    watchNics: () => ({ close() {} }),
    close: async () => {},
  };
  const datagram = (message: Packet | Uint8Array): Datagram => ({
    data: message instanceof Uint8Array ? message : encodePacket(message).bytes,
    source: 0,
    sourcePort: 68,
    destination: 0xffff_ffff,
    localAddress,
    truncated: false,
  });
  return {
    network,
    sent,
    asked,
    arriveAt(address) {
      localAddress = address;
    },
    answer(by, address, mac) {
      for (const prober of probers) if (prober.by === by) prober.onAnswer(address, mac);
    },
    probers: () => probers.size,
    neighbours,
    cut(code) {
      failure = code;
    },
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
