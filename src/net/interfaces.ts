/**
 * The host's NICs by getifaddrs(3), which asks the kernel over netlink. Unlike os.networkInterfaces() it lists those
 * that are down or have no address; unlike /sys it always shows the network namespace that this process is in.
 */
import koffi from 'koffi';
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac } from '../values/mac.ts';
import { listIpv6 } from './inet6.ts';
import { AF_INET, AF_PACKET, type Libc, SIOCGIFMTU, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';
import { interfaceName } from './memory.ts';
import type { Nic } from './udp.ts';

const IFF_UP = 1;
const IFF_LOOPBACK = 8;
/** What SIOCGIFMTU is asked with: struct ifreq, and where the answer stands in it. */
const IFREQ_SIZE = 40;
const IFREQ_MTU = 16;
/** struct sockaddr_ll, the address of an AF_PACKET entry. */
const SOCKADDR_LL = { index: 4, macLength: 11, mac: 12, size: 20 };

/** struct ifaddrs; the addresses are raw pointers. */
interface Entry {
  readonly next: bigint | null;
  readonly name: string;
  readonly flags: number;
  readonly address: bigint | null;
  readonly netmask: bigint | null;
}

/** Lists every NIC in the kernel's order. */
export function listNics(libc: Libc): readonly Nic[] {
  const entries = readEntries(libc);
  const ipv6 = listIpv6();
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const nics: Nic[] = [];
  for (const { name, flags, link } of entries) {
    if (link === undefined) continue;
    nics.push({
      name,
      index: link.index,
      mac: link.mac,
      addresses: entries.flatMap((other) =>
        // An address may carry a label of its own, as in eth0:1.
        other.inet !== undefined && other.name.replace(/:.*/, '') === name ? [other.inet] : [],
      ),
      addresses6: ipv6
        .filter(({ index, temporary }) => index === link.index && !temporary)
        .map(({ address, prefix }) => ({ address, prefix })),
      up: (flags & IFF_UP) !== 0,
      loopback: (flags & IFF_LOOPBACK) !== 0,
      mtu: mtuOf(libc, fd, name),
    });
  }
  libc.close(fd);
  return nics;
}

function mtuOf(libc: Libc, fd: number, name: string): number {
  const request = new Uint8Array(IFREQ_SIZE);
  request.set(interfaceName(name));
  // 0 for a NIC that vanished since it was listed.
  return libc.ioctl(fd, SIOCGIFMTU, request) === 0
    ? new DataView(request.buffer).getInt32(IFREQ_MTU, true)
    : 0;
}

/** Copies the linked list out of C memory and frees it. */
function readEntries(libc: Libc) {
  const shape = koffi.struct({
    next: 'void *',
    name: 'const char *',
    flags: 'unsigned int',
    address: 'void *',
    netmask: 'void *',
    broadcast: 'void *',
    data: 'void *',
  });
  const head = new Uint8Array(new BigUint64Array(1).buffer);
  if (libc.getifaddrs(head) !== 0) throw new Error(`getifaddrs: ${libc.errno()}`);
  const list = new DataView(head.buffer).getBigUint64(0, true);
  const entries = [];
  try {
    for (let at: bigint | null = list; at; ) {
      const entry: Entry = koffi.decode(at, shape);
      entries.push({ name: entry.name, flags: entry.flags, link: linkOf(entry), inet: inetOf(entry) });
      at = entry.next;
    }
  } finally {
    libc.freeifaddrs(list);
  }
  return entries;
}

function bytesAt(address: bigint, length: number): DataView {
  const bytes: Uint8Array = koffi.decode(address, koffi.array('uint8_t', length, 'Typed'));
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

function familyOf({ address }: Entry): number {
  return address === null ? 0 : koffi.decode.uint16(address);
}

function linkOf(entry: Entry) {
  if (entry.address === null || familyOf(entry) !== AF_PACKET) return undefined;
  const view = bytesAt(entry.address, SOCKADDR_LL.size);
  const octets = new Uint8Array(
    view.buffer,
    view.byteOffset + SOCKADDR_LL.mac,
    view.getUint8(SOCKADDR_LL.macLength),
  );
  return { index: view.getInt32(SOCKADDR_LL.index, true), mac: formatMac(octets) };
}

function inetOf(entry: Entry): { address: Ipv4; prefix: number } | undefined {
  if (entry.address === null || entry.netmask === null || familyOf(entry) !== AF_INET) return undefined;
  const mask = bytesAt(entry.netmask, 8).getUint32(4);
  return { address: bytesAt(entry.address, 8).getUint32(4), prefix: Math.clz32(~mask) };
}
