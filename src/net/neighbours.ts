/** The kernel's neighbour (ARP) table: asked before an address is offered, written for clients that have none yet. */
import { readFileSync } from 'node:fs';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { type Mac, parseMac } from '../values/mac.ts';
import { type Libc, SIOCSARP } from './libc.ts';
import { interfaceName, setEndpoint } from './memory.ts';

const ARPHRD_ETHER = 1;
/** "This entry is complete": the kernel uses it without asking first. */
const ATF_COM = 2;
/** struct arpreq { sockaddr pa; sockaddr ha; int flags; sockaddr netmask; char dev[16]; } */
const ARPREQ = { protocolAddress: 0, hardwareAddress: 16, flags: 32, device: 52, size: 68 };

/** The complete entry for an address, if the kernel has one. */
export function lookUpNeighbour(address: Ipv4): Mac | undefined {
  const text = formatIpv4(address);
  const lines = readFileSync('/proc/net/arp', 'utf8').split('\n').slice(1);
  for (const line of lines) {
    const [ip, , flags, mac] = line.split(/\s+/);
    if (ip === text && mac !== undefined && (Number(flags) & ATF_COM) !== 0) return parseMac(mac);
  }
  return undefined;
}

/**
 * Tells the kernel the link address of an address on this NIC (SIOCSARP). The entry is an ordinary one: the kernel
 * sends by it at once and verifies it some seconds later, when the client has taken its address. False when the kernel
 * refuses: without CAP_NET_ADMIN, or on a link that is no Ethernet.
 */
export function setNeighbour(libc: Libc, fd: number, nic: string, address: Ipv4, mac: Mac): boolean {
  const request = new Uint8Array(ARPREQ.size);
  const view = new DataView(request.buffer);
  setEndpoint(view, ARPREQ.protocolAddress, address, 0);
  view.setUint16(ARPREQ.hardwareAddress, ARPHRD_ETHER, true);
  for (let octet = 0; octet < 6; octet += 1) {
    request[ARPREQ.hardwareAddress + 2 + octet] = Number.parseInt(mac.slice(octet * 3, octet * 3 + 2), 16);
  }
  view.setInt32(ARPREQ.flags, ATF_COM, true);
  request.set(interfaceName(nic), ARPREQ.device);
  return libc.ioctl(fd, SIOCSARP, request) === 0;
}
