/** Which IPv4 addresses a socket's NIC has now. */
import type { Ipv4 } from '../values/ipv4.ts';
import { type Libc, SIOCGIFCONF, SIOCGIFNETMASK } from './libc.ts';
import { allocate, pin, setWord } from './memory.ts';

/** struct ifreq: char name[16]; struct sockaddr_in, whose address stands 4 bytes in. */
const IFREQ = { size: 40, nameLength: 16, address: 20 };
/** struct ifconf { int len; struct ifreq *req; } */
const IFCONF_SIZE = 16;

/**
 * Tells whether an address is the NIC's own. For a broadcast that arrives on a NIC without an address, the kernel
 * names the address of some other NIC to answer from, where a client on this wire could never reach it.
 *
 * Addresses come and go while a server runs, so they are looked up again (a few µs) for an address not seen before,
 * and when `version` tells another number than the last time.
 */
export function createAddressCheck(
  libc: Libc,
  fd: number,
  nic: string,
  version: () => number,
): (address: Ipv4) => boolean {
  let known = new Set<Ipv4>();
  let lookedAt = version();
  return (address) => {
    if (!known.has(address) || lookedAt !== version()) {
      lookedAt = version();
      const own = assignedAddresses(libc, fd).filter((each) => each.nic === nic);
      known = new Set(own.map((each) => each.address));
    }
    return known.has(address);
  };
}

/** An address of a NIC, and how long the prefix of its subnet is. */
export interface Assigned {
  readonly nic: string;
  readonly address: Ipv4;
  readonly prefix: number;
}

/** Every IPv4 address of this host. Asks by a socket, so that the answer is about that socket's own network namespace. */
export function assignedAddresses(libc: Libc, fd: number): readonly Assigned[] {
  const question = allocate(IFCONF_SIZE);
  // Without a buffer, the kernel tells how long one must be.
  if (libc.ioctl(fd, SIOCGIFCONF, question.bytes) !== 0) return [];
  const list = pin(Buffer.alloc(question.view.getInt32(0, true)));
  setWord(question.view, 8, list.address);
  if (list.address === 0 || libc.ioctl(fd, SIOCGIFCONF, question.bytes) !== 0) return [];
  const filled = question.view.getInt32(0, true);
  const entries = Buffer.from(list.bytes.buffer, list.bytes.byteOffset, filled);
  const assigned: Assigned[] = [];
  for (let at = 0; at + IFREQ.size <= filled; at += IFREQ.size) {
    // An address may carry a label of its own, as in eth0:1.
    const [nic = ''] = entries.toString('latin1', at, at + IFREQ.nameLength).split(/[:\0]/);
    const address = entries.readUInt32BE(at + IFREQ.address);
    assigned.push({ nic, address, prefix: prefixOf(libc, fd, entries.subarray(at, at + IFREQ.size)) });
  }
  return assigned;
}

/** Of the very address in a struct ifreq, since a NIC may have several; 32 when it is gone meanwhile. */
function prefixOf(libc: Libc, fd: number, ifreq: Buffer): number {
  const question = Buffer.from(ifreq);
  if (libc.ioctl(fd, SIOCGIFNETMASK, question) !== 0) return 32;
  return Math.clz32(~question.readUInt32BE(IFREQ.address));
}
