/** The kernel's neighbour (ARP) table: asked before an address is offered, written for clients that have none yet. */
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac, type Mac } from '../values/mac.ts';
import { assignedAddresses } from './addresses.ts';
import { AF_INET, type Libc, SIOCGARP, SIOCSARP, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';
import { interfaceName, setEndpoint } from './memory.ts';

const ARPHRD_ETHER = 1;
/** "This entry is complete": the kernel uses it without asking first. */
const ATF_COM = 2;
/** struct arpreq { sockaddr pa; sockaddr ha; int flags; sockaddr netmask; char dev[16]; } */
const ARPREQ = { protocolAddress: 0, hardwareAddress: 16, flags: 32, device: 52, size: 68 };

/**
 * The complete entry for an address, if the kernel has one. It is asked for alone (SIOCGARP), NIC by NIC: in a rack that
 * boots at once the table has thousands of entries, and reading it whole for each request would hold DHCP up.
 */
export function lookUpNeighbour(libc: Libc, address: Ipv4): Mac | undefined {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    for (const nic of new Set(assignedAddresses(libc, fd).map((assigned) => assigned.nic))) {
      const { request, view } = requestFor(address, nic);
      if (libc.ioctl(fd, SIOCGARP, request) !== 0) continue;
      if ((view.getInt32(ARPREQ.flags, true) & ATF_COM) === 0) continue;
      const hardware = ARPREQ.hardwareAddress;
      if (view.getUint16(hardware, true) !== ARPHRD_ETHER) continue;
      return formatMac(request.subarray(hardware + 2, hardware + 8));
    }
    return undefined;
  } finally {
    libc.close(fd);
  }
}

function requestFor(address: Ipv4, nic: string): { readonly request: Uint8Array; readonly view: DataView } {
  const request = new Uint8Array(ARPREQ.size);
  const view = new DataView(request.buffer);
  setEndpoint(view, ARPREQ.protocolAddress, address, 0);
  request.set(interfaceName(nic), ARPREQ.device);
  return { request, view };
}

/**
 * Tells the kernel the link address of an address on this NIC (SIOCSARP). The entry is an ordinary one: the kernel
 * sends by it at once and verifies it some seconds later, when the client has taken its address. False when the kernel
 * refuses: without CAP_NET_ADMIN, or on a link that is no Ethernet.
 */
export function setNeighbour(libc: Libc, fd: number, nic: string, address: Ipv4, mac: Mac): boolean {
  const { request, view } = requestFor(address, nic);
  view.setUint16(ARPREQ.hardwareAddress, ARPHRD_ETHER, true);
  for (let octet = 0; octet < 6; octet += 1) {
    request[ARPREQ.hardwareAddress + 2 + octet] = Number.parseInt(mac.slice(octet * 3, octet * 3 + 2), 16);
  }
  view.setInt32(ARPREQ.flags, ATF_COM, true);
  return libc.ioctl(fd, SIOCSARP, request) === 0;
}
