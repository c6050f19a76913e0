/** Which IPv4 addresses a socket's NIC has now. */
import type { Ipv4 } from '../values/ipv4.ts';
import { type Libc, SIOCGIFCONF } from './libc.ts';
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
      known = addressesOf(libc, fd, nic);
    }
    return known.has(address);
  };
}

/** Asks by the socket itself, so that the answer is about the socket's own network namespace. */
function addressesOf(libc: Libc, fd: number, nic: string): Set<Ipv4> {
  const question = allocate(IFCONF_SIZE);
  // Without a buffer, the kernel tells how long one must be.
  if (libc.ioctl(fd, SIOCGIFCONF, question.bytes) !== 0) return new Set();
  const list = pin(Buffer.alloc(question.view.getInt32(0, true)));
  setWord(question.view, 8, list.address);
  if (list.address === 0 || libc.ioctl(fd, SIOCGIFCONF, question.bytes) !== 0) return new Set();
  const filled = question.view.getInt32(0, true);
  const entries = Buffer.from(list.bytes.buffer, list.bytes.byteOffset, filled);
  const addresses = new Set<Ipv4>();
  for (let at = 0; at + IFREQ.size <= filled; at += IFREQ.size) {
    // An address may carry a label of its own, as in eth0:1.
    const [name] = entries.toString('latin1', at, at + IFREQ.nameLength).split(/[:\0]/);
    if (name === nic) addresses.add(entries.readUInt32BE(at + IFREQ.address));
  }
  return addresses;
}
