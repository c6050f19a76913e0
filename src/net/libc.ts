/**
 * The C library functions that this room calls, and the kernel's numbers for them. x86_64 and aarch64 share every
 * value here (asm-generic) except the system call numbers. koffi.load(null) finds the functions in whichever libc
 * Node itself is linked to, so glibc and musl are served alike.
 */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { NetError } from './udp.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_ATTACH_REUSEPORT_CBPF = 51;

export const SOL_RAW = 255;
export const ICMP_FILTER = 1;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_RAW = 255;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_OMIT = 5;

export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;

export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;

export const ETH_P_IP = 0x0800;
/** With it, and not with ETH_P_IP, a packet socket is shown what this host sends as well. */
export const ETH_P_ALL = 3;
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;

export const SOL_PACKET = 263;
export const PACKET_ADD_MEMBERSHIP = 1;

export const NETLINK_ROUTE = 0;
export const RTMGRP_LINK = 1;
export const RTMGRP_IPV4_IFADDR = 0x10;
export const RTMGRP_IPV6_IFADDR = 0x100;

export const POLLIN = 1;
export const POLLOUT = 4;

export const EFD_CLOEXEC = 0o2000000;
export const EFD_NONBLOCK = 0o4000;

export const SIOCGIFCONF = 0x8912;
export const SIOCGIFNETMASK = 0x891b;
export const SIOCGIFMTU = 0x8921;
export const SIOCGARP = 0x8954;
export const SIOCSARP = 0x8955;

const SYSCALLS = {
  x64: { sendmmsg: 307, recvmmsg: 299 },
  arm64: { sendmmsg: 269, recvmmsg: 243 },
} as const;

/** Functions as in their manual pages; addresses are numbers, -1 means look at `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** `fds`: the address of struct pollfd's. */
  poll(fds: number, count: number, timeoutMs: number): number;
  close(fd: number): number;
  sched_yield(): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, into: Uint8Array, size: number): number;
  write(fd: number, bytes: Uint8Array, size: number): number;
  getifaddrs(list: Uint8Array): number;
  freeifaddrs(list: bigint): void;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, to: Uint8Array, size: number): number;
  recv(fd: number, into: Uint8Array, size: number, flags: number): number;
  sendmmsg(fd: number, vector: number, count: number): number;
  recvmmsg(fd: number, vector: number, count: number): number;
  /** The name of the last call's error: `EADDRINUSE`. */
  errno(): string;
}

/**
 * Binds the functions. Throws NetError UNSUPPORTED on anything but Linux on x86_64 or aarch64: the slabs in
 * messages.ts are laid out for those two.
 */
export function loadLibc(): Libc {
  const numbers = process.arch === 'x64' || process.arch === 'arm64' ? SYSCALLS[process.arch] : undefined;
  if (process.platform !== 'linux' || numbers === undefined) {
    throw new NetError(
      'UNSUPPORTED',
      `no network access on ${process.platform} ${process.arch}`,
      'Run on Linux, x86_64 or aarch64.',
    );
  }
  const lib = koffi.load(null);
  // By number, since musl's own sendmmsg is a loop of sendmsg: a system call a datagram. syscall() is variadic in C,
  // which makes no difference to how integers are passed on these two architectures.
  const syscall: (
    number: number,
    fd: number,
    vector: number,
    count: number,
    flags: number,
    timeout: number,
  ) => number = lib.func('long syscall(long, int, uintptr_t, unsigned int, int, uintptr_t)');
  return {
    socket: lib.func('int socket(int, int, int)'),
    bind: lib.func('int bind(int, void *, uint32_t)'),
    getsockname: lib.func('int getsockname(int, void *, void *)'),
    setsockopt: lib.func('int setsockopt(int, int, int, void *, uint32_t)'),
    ioctl: lib.func('int ioctl(int, unsigned long, void *)'),
    poll: lib.func('int poll(uintptr_t, unsigned long, int)'),
    close: lib.func('int close(int)'),
    sched_yield: lib.func('int sched_yield()'),
    eventfd: lib.func('int eventfd(unsigned int, int)'),
    read: lib.func('long read(int, void *, size_t)'),
    write: lib.func('long write(int, void *, size_t)'),
    getifaddrs: lib.func('int getifaddrs(void *)'),
    freeifaddrs: lib.func('void freeifaddrs(void *)'),
    sendto: lib.func('long sendto(int, void *, size_t, int, void *, uint32_t)'),
    recv: lib.func('long recv(int, void *, size_t, int)'),
    sendmmsg: (fd, vector, count) => syscall(numbers.sendmmsg, fd, vector, count, MSG_DONTWAIT, 0),
    recvmmsg: (fd, vector, count) => syscall(numbers.recvmmsg, fd, vector, count, MSG_DONTWAIT, 0),
    errno: () => getSystemErrorName(-koffi.errno()),
  };
}
