/** One UDP socket bound to one NIC. */

import type { IpAddress } from '../values/ip.ts';
import type { Family } from './family.ts';
import {
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
import { int32, interfaceName } from './memory.ts';
import { BATCH, createReceiveSlab } from './messages.ts';
import { watchReadable } from './readiness.ts';
import { bindFailure, deviceFailure, socketFailure } from './refusal.ts';
import type { Send } from './sender.ts';
import type { Nic, SocketOptions, UdpSocket } from './udp.ts';

/** A rack that powers up at once sends thousands of DISCOVERs within a second, about 1 KiB of kernel memory each. */
const BUFFER_SIZE = 8 * 1024 * 1024;

/** Room for a struct sockaddr of either family. */
const LARGEST_ENDPOINT = 28;

/** How sockets of one family are opened. */
export interface Opening<Address extends IpAddress> {
  readonly family: Family<Address>;
  readonly send: Send;
  /** Tells whether an address is the NIC's own, for a datagram that was sent to another: a broadcast. */
  readonly ownAddresses: (fd: number, nic: Nic) => (address: Address) => boolean;
  /** Called once. */
  readonly onClose: (socket: UdpSocket<Address>) => void;
}

/** Opens, binds and watches. Throws NetError. */
export function openSocket<Address extends IpAddress>(
  libc: Libc,
  { family, send, ownAddresses, onClose }: Opening<Address>,
  { nic, port, slotSize, onReceive }: SocketOptions<Address>,
): UdpSocket<Address> {
  const fd = bindDescriptor(libc, family, nic, port);
  const slab = createReceiveSlab(family, slotSize, ownAddresses(fd, nic));
  let closed = false;

  const watch = watchReadable(fd, () => {
    const count = libc.recvmmsg(fd, slab.address, BATCH);
    // An error is EAGAIN (nothing more, or the kernel dropped a datagram with a bad checksum) or one about an earlier
    // send: neither is for the handler.
    if (count > 0) onReceive(slab.take(count), socket);
  });
  const socket: UdpSocket<Address> = {
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
export function bindDescriptor<Address extends IpAddress>(
  libc: Libc,
  family: Family<Address>,
  nic: Nic,
  port: number,
  { reuse }: { readonly reuse?: number } = {},
): number {
  const { version } = family;
  const fd = libc.socket(family.domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketFailure(libc.errno(), nic.name, version);
  bindToNic(libc, fd, nic);
  setOptions(libc, family, fd);
  // Nothing is shared unasked: a second server on this port would take datagrams away from the first, silently.
  if (reuse !== undefined) libc.setsockopt(fd, SOL_SOCKET, reuse, int32(1), 4);
  const endpoint = new Uint8Array(family.endpointSize);
  family.setEndpoint(new DataView(endpoint.buffer), 0, family.unspecified, port);
  if (libc.bind(fd, endpoint, endpoint.length) !== 0) {
    const code = libc.errno();
    libc.close(fd);
    throw bindFailure(code, nic.name, port, version);
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

function setOptions(libc: Libc, family: Pick<Family, 'setOptions'>, fd: number): void {
  const set = (level: number, option: number, value: number) =>
    libc.setsockopt(fd, level, option, int32(value), 4) === 0;
  set(SOL_SOCKET, SO_BROADCAST, 1);
  family.setOptions(set);
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
  const address = new Uint8Array(LARGEST_ENDPOINT);
  libc.getsockname(fd, address, int32(address.length));
  return new DataView(address.buffer).getUint16(2);
}
