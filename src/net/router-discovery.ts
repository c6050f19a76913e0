/**
 * Sees who asks a link for IPv6 routers and who answers (RFC 4861), and speaks there: a packet socket on one NIC. Frames
 * are told as they are; ndp/ reads them.
 */
import { ALL_NODES_LINK, ALL_ROUTERS_LINK } from '../ndp/frame.ts';
import { type Ipv6, isLinkLocal } from '../values/ipv6.ts';
import { type Mac, macOctets } from '../values/mac.ts';
import type { FilterStep } from './filter.ts';
import { listIpv6, readOrNothing } from './inet6.ts';
import { ETH_P_IPV6, type Libc, PACKET_ADD_MEMBERSHIP, SOCK_RAW, SOL_PACKET } from './libc.ts';
import { BPF, linkAddress, openPacketSocket } from './packet.ts';
import { drain } from './raw.ts';
import type { Nic } from './udp.ts';

export interface RouterSocket {
  /** Sends a whole Ethernet frame. Undefined when it left, else the errno's name: `ENETDOWN` … */
  send(frame: Uint8Array): string | undefined;
  /** Idempotent; no frame is told after it returns. */
  close(): void;
}

/** What router discovery needs of this host, beside the Network of udp.ts. */
export interface RouterDiscovery {
  /**
   * Calls back with each router solicitation and advertisement that comes to this NIC: a view, valid until the callback
   * returns. Throws NetError; it takes CAP_NET_RAW.
   */
  routerSocket(nic: Nic, onFrame: (frame: Uint8Array) => void): RouterSocket;
  /** The NIC's own link-local address, unless it has none yet or it proved to be somebody else's too. */
  linkLocal(nic: Nic): Ipv6 | undefined;
  /** Whether this host is itself an IPv6 router on that NIC. */
  forwardsIpv6(nic: Nic): boolean;
}

/** Where things stand in a frame without a VLAN tag, for the filter. */
const FRAME = { nextHeader: 20, icmpType: 54 };
const ICMPV6 = 58;
const SOLICITATION = 133;
const ADVERTISEMENT = 134;
/** Not bytes of the packet but what the kernel knows of it: SKF_AD_OFF + SKF_AD_PKTTYPE (linux/filter.h). */
const PACKET_TYPE = 0xffff_f004;
/** To another host's link address, or another VLAN's: seen by a NIC in promiscuous mode, and none of ours. */
const PACKET_OTHERHOST = 3;

/** Both messages and nothing else: the rest of the link's IPv6 traffic wakes nobody. */
const ONLY_ROUTER_DISCOVERY: readonly FilterStep[] = [
  [BPF.loadByte, 0, 0, PACKET_TYPE],
  [BPF.jumpIfEqual, 6, 0, PACKET_OTHERHOST],
  [BPF.loadByte, 0, 0, FRAME.nextHeader],
  [BPF.jumpIfEqual, 0, 4, ICMPV6],
  [BPF.loadByte, 0, 0, FRAME.icmpType],
  [BPF.jumpIfEqual, 1, 0, SOLICITATION],
  [BPF.jumpIfEqual, 0, 1, ADVERTISEMENT],
  [BPF.take, 0, 0, 0xffff],
  [BPF.take, 0, 0, 0],
];

/** An Ethernet frame of the usual size, and a VLAN tag. */
const LARGEST = 1518;

/** struct packet_mreq { int index; unsigned short type, length; unsigned char address[8]; } */
const MEMBERSHIP = { type: 4, length: 6, address: 8, size: 16 };
const PACKET_MR_MULTICAST = 0;

/** Throws NetError. */
export function openRouterSocket(libc: Libc, nic: Nic, onFrame: (frame: Uint8Array) => void): RouterSocket {
  const options = { nic, type: SOCK_RAW, protocol: ETH_P_IPV6, filter: ONLY_ROUTER_DISCOVERY };
  const fd = openPacketSocket(libc, options);
  // A host is in the group of all routers only when it is one, and in that of all nodes only with IPv6 of its own. Where
  // switches snoop, nobody hears of this joining: they keep groups apart only if a router asks for them, and where there
  // is one nothing is to be done.
  for (const group of [ALL_ROUTERS_LINK, ALL_NODES_LINK]) join(libc, fd, nic, group);
  const link = linkAddress(nic, ETH_P_IPV6);
  const close = drain(libc, fd, LARGEST, (bytes) => {
    if (bytes !== undefined) onFrame(bytes);
  });
  let closed = false;
  return {
    send(frame) {
      if (closed) return 'EBADF';
      return libc.sendto(fd, frame, frame.length, 0, link, link.length) < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}

function join(libc: Libc, fd: number, nic: Nic, group: Mac): void {
  const octets = macOctets(group);
  const request = new Uint8Array(MEMBERSHIP.size);
  const view = new DataView(request.buffer);
  view.setInt32(0, nic.index, true);
  view.setUint16(MEMBERSHIP.type, PACKET_MR_MULTICAST, true);
  view.setUint16(MEMBERSHIP.length, octets.length, true);
  request.set(octets, MEMBERSHIP.address);
  libc.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, request.length);
}

/** Read each time: it comes a second or two after its NIC is up. */
export function linkLocalOf(nic: Nic): Ipv6 | undefined {
  const own = listIpv6().find(({ index, address }) => index === nic.index && isLinkLocal(address));
  return own?.address;
}

export function forwardsIpv6(nic: Nic): boolean {
  const setting = readOrNothing(`/proc/sys/net/ipv6/conf/${nic.name}/forwarding`).trim();
  return setting !== '' && setting !== '0';
}
