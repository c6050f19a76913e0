/** One UDP socket bound to one NIC. */

import { UNSPECIFIED } from '../values/ipv4.ts';
import { createAddressCheck } from './addresses.ts';
import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_OMIT,
  IPPROTO_IP,
  type Libc,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './libc.ts';
import { int32, interfaceName, SOCKADDR_IN_SIZE, setEndpoint } from './memory.ts';
import { BATCH, createReceiveSlab } from './messages.ts';
import { watchReadable } from './readiness.ts';
import { bindFailure, deviceFailure, socketFailure } from './refusal.ts';
import type { Send } from './sender.ts';
import type { Nic, SocketOptions, UdpSocket } from './udp.ts';

/** A rack that powers up at once sends thousands of DISCOVERs within a second, about 1 KiB of kernel memory each. */
const BUFFER_SIZE = 8 * 1024 * 1024;

/**
 * Opens, binds and watches. Throws NetError. `addressVersion` tells another number once any NIC's addresses may have
 * changed; `onClose` is called once.
 */
export function openSocket(
  libc: Libc,
  send: Send,
  { nic, port, slotSize, onReceive }: SocketOptions,
  addressVersion: () => number,
  onClose: (socket: UdpSocket) => void,
): UdpSocket {
  const fd = bindDescriptor(libc, nic, port);
  const slab = createReceiveSlab(slotSize, createAddressCheck(libc, fd, nic.name, addressVersion));
  let closed = false;

  const watch = watchReadable(fd, () => {
    const count = libc.recvmmsg(fd, slab.address, BATCH);
    // An error is EAGAIN (nothing more, or the kernel dropped a datagram with a bad checksum) or one about an earlier
    // send: neither is for the handler.
    if (count > 0) onReceive(slab.take(count), socket);
  });
  const socket: UdpSocket = {
    nic,
    port: boundPort(libc, fd),
    send: (datagrams) =>
      closed
        ? { sent: 0, failed: datagrams.map((_, index) => ({ index, code: 'EBADF' })) }
        : send(fd, nic.name, datagrams),
    close() {
      if (closed) return;
      closed = true;
      watch.close();
      libc.close(fd);
      onClose(socket);
    },
  };
  return socket;
}

/** A descriptor bound to a NIC and a port. `reuse`: the option by which sockets share a port. Throws NetError. */
export function bindDescriptor(
  libc: Libc,
  nic: Nic,
  port: number,
  { reuse }: { readonly reuse?: number } = {},
): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketFailure(libc.errno(), nic.name);
  bindToNic(libc, fd, nic);
  setOptions(libc, fd);
  // Nothing is shared unasked: a second server on this port would take datagrams away from the first, silently.
  if (reuse !== undefined) libc.setsockopt(fd, SOL_SOCKET, reuse, int32(1), 4);
  const endpoint = new Uint8Array(SOCKADDR_IN_SIZE);
  setEndpoint(new DataView(endpoint.buffer), 0, UNSPECIFIED, port);
  if (libc.bind(fd, endpoint, endpoint.length) !== 0) {
    const code = libc.errno();
    libc.close(fd);
    throw bindFailure(code, nic.name, port);
  }
  return fd;
}

/** Closes the descriptor and throws NetError where it cannot be. */
export function bindToNic(libc: Libc, fd: number, nic: Nic): void {
  const device = interfaceName(nic.name);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.length) === 0) return;
  const code = libc.errno();
  libc.close(fd);
  throw deviceFailure(libc, code, nic.name);
}

function setOptions(libc: Libc, fd: number): void {
  const set = (level: number, option: number, value: number) =>
    libc.setsockopt(fd, level, option, int32(value), 4) === 0;
  set(SOL_SOCKET, SO_BROADCAST, 1);
  set(IPPROTO_IP, IP_PKTINFO, 1);
  // Leaves Don't Fragment clear and takes no path MTU from ICMP. A TFTP block or DHCP reply too large for some tunnel
  // on the way is then fragmented by its router, where with DF set it would vanish and the boot would hang; and a
  // forged ICMP "fragmentation needed" cannot make us fragment for firmware that cannot reassemble.
  set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  setBuffers(libc, fd);
}

/** The FORCE forms pass the limits net.core.{r,w}mem_max, but want CAP_NET_ADMIN; the plain ones are cut to them. */
export function setBuffers(libc: Libc, fd: number): void {
  const set = (option: number) => libc.setsockopt(fd, SOL_SOCKET, option, int32(BUFFER_SIZE), 4) === 0;
  if (!set(SO_RCVBUFFORCE)) set(SO_RCVBUF);
  if (!set(SO_SNDBUFFORCE)) set(SO_SNDBUF);
}

/** The port of a bound descriptor. */
export function boundPort(libc: Libc, fd: number): number {
  const address = new Uint8Array(SOCKADDR_IN_SIZE);
  libc.getsockname(fd, address, int32(address.length));
  return new DataView(address.buffer).getUint16(2);
}
