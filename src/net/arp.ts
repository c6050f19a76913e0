/** Asks a link who uses an address: ARP probes (RFC 5227 §2.1.1), by a packet socket on one NIC. */
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac, macOctets } from '../values/mac.ts';
import { AF_PACKET, ETH_P_ARP, type Libc, SO_ATTACH_FILTER, SOCK_DGRAM, SOL_SOCKET } from './libc.ts';
import { allocate, setWord } from './memory.ts';
import { drain, openRaw } from './raw.ts';
import { deviceFailure } from './refusal.ts';
import type { AnswerHandler, Nic, Prober } from './udp.ts';

/** struct sockaddr_ll: family and index in host order, protocol in network order. */
const SOCKADDR_LL = { protocol: 2, index: 4, macLength: 11, mac: 12, size: 20 };
/** An ARP message for IPv4 on Ethernet (RFC 826). */
const ARP = { operation: 6, senderMac: 8, sender: 14, target: 24, size: 28 };
const ETHERNET_FOR_IPV4 = [0, 1, 8, 0, 6, 4];
const MAC_LENGTH = 6;
const REQUEST = 1;
const REPLY = 2;
/** Room for an Ethernet frame's padding behind the message. */
const LARGEST = 64;

/**
 * Lets replies through and nothing else: all the ARP requests of a large link would wake the event loop for nothing. In
 * struct sock_filter's { code, jt, jf, k }: load the operation, compare, take, drop.
 */
const ONLY_REPLIES = [
  [0x28, 0, 0, ARP.operation],
  [0x15, 0, 1, REPLY],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
] as const;

/** Throws NetError. */
export function openArpProber(libc: Libc, current: () => Nic, onAnswer: AnswerHandler): Prober {
  const nic = current();
  const fd = openRaw(libc, AF_PACKET, SOCK_DGRAM, 0, `a packet socket on ${nic.name}`);
  takeOnlyReplies(libc, fd);
  const link = linkAddress(nic, new Uint8Array());
  if (libc.bind(fd, link, link.length) !== 0) {
    const code = libc.errno();
    libc.close(fd);
    throw deviceFailure(libc, code, nic.name);
  }
  const everyone = linkAddress(nic, new Uint8Array(MAC_LENGTH).fill(0xff));
  const probe = Buffer.alloc(ARP.size);
  probe.set(ETHERNET_FOR_IPV4);
  probe.writeUInt16BE(REQUEST, ARP.operation);

  const close = drain(libc, fd, LARGEST, (bytes) => {
    if (bytes === undefined || bytes.length < ARP.size) return;
    if (!ETHERNET_FOR_IPV4.every((octet, at) => bytes[at] === octet)) return;
    onAnswer(bytes.readUInt32BE(ARP.sender), formatMac(bytes.subarray(ARP.senderMac, ARP.sender)));
  });
  let closed = false;
  return {
    ask(address: Ipv4) {
      if (closed) return 'EBADF';
      const mac = macOctets(current().mac);
      // A tunnel has no link addresses.
      if (mac.length !== MAC_LENGTH) return 'EAFNOSUPPORT';
      probe.set(mac, ARP.senderMac);
      // A sender address of zero: a probe must not enter a wrong address into anybody's table (RFC 5227 §2.1.1).
      probe.writeUInt32BE(address, ARP.target);
      const sent = libc.sendto(fd, probe, probe.length, 0, everyone, everyone.length);
      return sent < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}

function linkAddress(nic: Nic, mac: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_LL.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(SOCKADDR_LL.protocol, ETH_P_ARP);
  view.setInt32(SOCKADDR_LL.index, nic.index, true);
  bytes[SOCKADDR_LL.macLength] = mac.length;
  bytes.set(mac, SOCKADDR_LL.mac);
  return bytes;
}

function takeOnlyReplies(libc: Libc, fd: number): void {
  const program = allocate(ONLY_REPLIES.length * 8);
  for (const [index, [code, jumpTrue, jumpFalse, value]] of ONLY_REPLIES.entries()) {
    program.view.setUint16(index * 8, code, true);
    program.view.setUint8(index * 8 + 2, jumpTrue);
    program.view.setUint8(index * 8 + 3, jumpFalse);
    program.view.setUint32(index * 8 + 4, value, true);
  }
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const described = allocate(16);
  described.view.setUint16(0, ONLY_REPLIES.length, true);
  setWord(described.view, 8, program.address);
  libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, described.bytes, described.bytes.length);
}
