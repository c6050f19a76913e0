/**
 * Hears what comes to a UDP port of one NIC, and answers from that port, without having it: so that another program of this host
 * can have it, whichever of the two starts first, and after either has started anew. Sharing the port itself would depend on
 * how that program binds it (Kea, and dnsmasq by default, share with nobody), and the kernel would give each datagram that is
 * sent to an address to one of the two alone.
 *
 * A packet socket hears: all that a socket bound to the port would, and also what a firewall of this host drops and what the
 * host itself broadcasts on the NIC. A raw socket speaks. Where nobody has the port, the kernel answers a datagram that was sent to
 * an address (by a relay; a broadcast never is) with ICMP "port unreachable" besides. DHCP relays do not mind (seen
 * with ISC's), and the kernel limits it to about one a second for each; having the port to prevent it would hinder the program
 * that wants it.
 */
import { BROADCAST, broadcastOf, type Ipv4, inSubnet, netmask, UNSPECIFIED } from '../values/ipv4.ts';
import { type Assigned, assignedAddresses } from './addresses.ts';
import { findHolders, isHeld } from './holder.ts';
import { type Dissected, dissect, ipPacket, LONGEST_HEADERS, onlyTo } from './ip-udp.ts';
import {
  AF_INET,
  ETH_P_ALL,
  IPPROTO_RAW,
  type Libc,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from './libc.ts';
import { int32, setEndpoint } from './memory.ts';
import { BATCH } from './messages.ts';
import { setNeighbour } from './neighbours.ts';
import { openPacketSocket } from './packet.ts';
import { openRaw } from './raw.ts';
import { watchReadable } from './readiness.ts';
import { bindToNic, setBuffers } from './socket.ts';
import type { Datagram, Nic, Outgoing, SocketOptions, UdpSocket } from './udp.ts';

/** Bytes of struct sockaddr_in. */
const ENDPOINT_SIZE = 16;

/**
 * Throws NetError; it takes CAP_NET_RAW. `addressVersion` tells another number once any NIC's addresses may have changed;
 * `onBeside` is told who has the port at present, if anybody has.
 */
export function openBeside(
  libc: Libc,
  { nic, port, slotSize, onReceive }: SocketOptions,
  addressVersion: () => number,
  onBeside: (holders: string) => void,
): UdpSocket {
  const speaking = openSpeaker(libc, nic);
  const hearing = openHearing(libc, nic, port, speaking);
  const addresses = createAddresses(libc, speaking, nic.name, addressVersion);
  const slots = Array.from({ length: BATCH }, () => Buffer.alloc(LONGEST_HEADERS + slotSize));
  let closed = false;

  /** Undefined: it is for another host, such as when this one forwards it, or no more than a fragment. */
  function arrived({ data, from, to, whole }: Dissected, truncated: boolean): Datagram | undefined {
    const localAddress = addresses.answering(from.address, to.address);
    if (localAddress === undefined || !(whole || truncated)) return undefined;
    return {
      data,
      source: from.address,
      sourcePort: from.port,
      destination: to.address,
      localAddress,
      truncated,
    };
  }

  const watch = watchReadable(hearing, () => {
    const batch: Datagram[] = [];
    for (const slot of slots) {
      const size = libc.recv(hearing, slot, slot.length, MSG_DONTWAIT | MSG_TRUNC);
      if (size < 0 && libc.errno() === 'EAGAIN') break;
      const packet = size < 0 ? undefined : dissect(slot.subarray(0, Math.min(size, slot.length)));
      const datagram = packet && arrived(packet, size > slot.length);
      if (datagram !== undefined) batch.push(datagram);
    }
    if (batch.length > 0) onReceive(batch, socket);
  });

  /** Undefined when it left, else the errno's name. There are no bodies: nothing large is sent here. */
  function sendOne({ to: wanted, neighbour, ...datagram }: Outgoing): string | undefined {
    if (datagram.body !== undefined) return 'EOPNOTSUPP';
    const reachable = neighbour === undefined || setNeighbour(libc, speaking, nic.name, wanted, neighbour);
    const to = reachable ? wanted : BROADCAST;
    const from = datagram.from ?? addresses.towards(to);
    if (from === undefined) return 'EADDRNOTAVAIL';
    const packet = ipPacket({ address: from, port }, { address: to, port: datagram.port }, datagram.head);
    const endpoint = new Uint8Array(ENDPOINT_SIZE);
    // A raw socket has no ports.
    setEndpoint(new DataView(endpoint.buffer), 0, to, 0);
    const sent = libc.sendto(speaking, packet, packet.length, MSG_DONTWAIT, endpoint, endpoint.length);
    return sent < 0 ? libc.errno() : undefined;
  }

  const socket: UdpSocket = {
    nic,
    port,
    send(datagrams) {
      const failed = datagrams.flatMap((datagram, index) => {
        const code = closed ? 'EBADF' : sendOne(datagram);
        return code === undefined ? [] : [{ index, code }];
      });
      return { sent: datagrams.length - failed.length, failed };
    },
    close() {
      if (closed) return;
      closed = true;
      watch.close();
      libc.close(hearing);
      libc.close(speaking);
    },
  };
  if (isHeld(port)) onBeside(holdersOf(port));
  return socket;
}

/** The kernel routes what it is given, and completes nothing but the identification. It receives nothing. */
function openSpeaker(libc: Libc, nic: Nic): number {
  const fd = openRaw(libc, AF_INET, SOCK_RAW, IPPROTO_RAW, `a raw IPv4 socket on ${nic.name}`);
  bindToNic(libc, fd, nic);
  libc.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, int32(1), 4);
  setBuffers(libc, fd);
  return fd;
}

/** Closes `speaking` when it throws. */
function openHearing(libc: Libc, nic: Nic, port: number, speaking: number): number {
  try {
    const filter = onlyTo(port);
    const fd = openPacketSocket(libc, { nic, type: SOCK_DGRAM, protocol: ETH_P_ALL, filter });
    setBuffers(libc, fd);
    return fd;
  } catch (error) {
    libc.close(speaking);
    throw error;
  }
}

function holdersOf(port: number): string {
  const holders = findHolders(port).map(({ pid, command }) => `${command} (pid ${pid})`);
  return holders.length === 0 ? 'a process that cannot be seen from here' : holders.join(' and ');
}

const subnetOf = ({ address, prefix }: Assigned) => ({ network: (address & netmask(prefix)) >>> 0, prefix });

/** What the kernel would say of the host's addresses, as of the last change that `version` knows of. */
function createAddresses(libc: Libc, fd: number, nic: string, version: () => number) {
  let lookedAt: number | undefined;
  let all: readonly Assigned[] = [];

  function ofNic(): readonly Assigned[] {
    if (lookedAt !== version()) {
      lookedAt = version();
      all = assignedAddresses(libc, fd);
    }
    return all.filter((each) => each.nic === nic);
  }

  /** The NIC's address in the subnet of another one, else its first. */
  function towards(other: Ipv4): Ipv4 | undefined {
    const own = ofNic();
    return (own.find((each) => inSubnet(other, subnetOf(each))) ?? own[0])?.address;
  }

  return {
    towards,
    /** Where a datagram is answered from, UNSPECIFIED if nowhere (Datagram.localAddress); undefined: it is not for this host. */
    answering(source: Ipv4, target: Ipv4): Ipv4 | undefined {
      const own = ofNic();
      if (target === BROADCAST || own.some((each) => broadcastOf(subnetOf(each)) === target)) {
        return towards(source) ?? UNSPECIFIED;
      }
      return all.some(({ address }) => address === target) ? target : undefined;
    },
  };
}
