/** The kernel's table of IPv6 neighbours, by rtnetlink(7): other than that of ARP it is in no file. */
import { type Ipv6, setIpv6 } from '../values/ipv6.ts';
import { formatMac, type Mac } from '../values/mac.ts';
import {
  AF_INET6,
  AF_NETLINK,
  type Libc,
  MSG_DONTWAIT,
  NETLINK_ROUTE,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from './libc.ts';

/** struct nlmsghdr { u32 length; u16 type, flags; u32 sequence, port; } */
const HEADER = { type: 4, flags: 6 };
/** struct ndmsg { u8 family; 3 bytes; int ifindex; u16 state; u8 flags, type; } behind it. */
const MESSAGE = { family: 16, index: 20, state: 24, attributes: 28 };
/** struct rtattr { u16 length, type; } and its value; each begins at a multiple of 4. */
const ATTRIBUTE = { type: 2, value: 4 };
const REQUEST_SIZE = MESSAGE.attributes + ATTRIBUTE.value + 16;

const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
const NLM_F_REQUEST = 1;
const NDA_DST = 1;
const NDA_LLADDR = 2;
/** NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT: the others have no link address, or one that answers no more. */
const USABLE = 0x9e;
const MAC_LENGTH = 6;
/** struct sockaddr_nl: the kernel, which is port 0. */
const SOCKADDR_NL_SIZE = 12;

/**
 * The link address of an address on the link of any of these NICs. A client that asks us has one, since it asked for ours
 * first and told its own with it (RFC 4861 §7.2.3). Undefined also before Linux 5.0, which tells the table only as a whole.
 */
export function lookUpNeighbour6(
  libc: Libc,
  address: Ipv6,
  nics: readonly { readonly index: number }[],
): Mac | undefined {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return undefined;
  try {
    for (const { index } of nics) {
      const mac = ask(libc, fd, address, index);
      if (mac !== undefined) return mac;
    }
    return undefined;
  } finally {
    libc.close(fd);
  }
}

/** The kernel answers before sendto() returns. */
function ask(libc: Libc, fd: number, address: Ipv6, index: number): Mac | undefined {
  const request = new DataView(new ArrayBuffer(REQUEST_SIZE));
  request.setUint32(0, REQUEST_SIZE, true);
  request.setUint16(HEADER.type, RTM_GETNEIGH, true);
  request.setUint16(HEADER.flags, NLM_F_REQUEST, true);
  request.setUint8(MESSAGE.family, AF_INET6);
  request.setInt32(MESSAGE.index, index, true);
  request.setUint16(MESSAGE.attributes, REQUEST_SIZE - MESSAGE.attributes, true);
  request.setUint16(MESSAGE.attributes + ATTRIBUTE.type, NDA_DST, true);
  setIpv6(request, MESSAGE.attributes + ATTRIBUTE.value, address);
  const kernel = new Uint8Array(SOCKADDR_NL_SIZE);
  new DataView(kernel.buffer).setUint16(0, AF_NETLINK, true);
  if (libc.sendto(fd, new Uint8Array(request.buffer), REQUEST_SIZE, 0, kernel, kernel.length) < 0)
    return undefined;
  const answer = new Uint8Array(4096);
  const size = libc.recv(fd, answer, answer.length, MSG_DONTWAIT);
  return size < MESSAGE.attributes ? undefined : macIn(answer.subarray(0, size));
}

function macIn(answer: Uint8Array): Mac | undefined {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  // Anything else is an error: there is no such entry.
  if (view.getUint16(HEADER.type, true) !== RTM_NEWNEIGH) return undefined;
  if ((view.getUint16(MESSAGE.state, true) & USABLE) === 0) return undefined;
  for (let at = MESSAGE.attributes; at + ATTRIBUTE.value <= answer.length; ) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE.value) return undefined;
    const value = answer.subarray(at + ATTRIBUTE.value, at + length);
    if (view.getUint16(at + ATTRIBUTE.type, true) === NDA_LLADDR)
      return value.length === MAC_LENGTH ? formatMac(value) : undefined;
    at += Math.ceil(length / 4) * 4;
  }
  return undefined;
}
