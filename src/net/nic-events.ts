/** Says when a NIC or one of its addresses came, went or changed: rtnetlink(7), by the kernel's own multicasts. */
import {
  AF_NETLINK,
  type Libc,
  NETLINK_ROUTE,
  RTMGRP_IPV4_IFADDR,
  RTMGRP_IPV6_IFADDR,
  RTMGRP_LINK,
  SOCK_RAW,
} from './libc.ts';
import { drain, openRaw } from './raw.ts';
import { NetError } from './udp.ts';

/** struct sockaddr_nl: the groups stand 8 bytes in. */
const SOCKADDR_NL = { groups: 8, size: 12 };

/**
 * Calls back once or more for each change; what changed is read from the list of NICs, so the messages need not be
 * understood, and one that was lost for want of room (ENOBUFS) counts like any other. Throws NetError.
 */
export function watchNicEvents(libc: Libc, onChange: () => void): { close(): void } {
  const what = 'a netlink socket';
  const fd = openRaw(libc, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, what);
  const groups = new Uint8Array(SOCKADDR_NL.size);
  const view = new DataView(groups.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(SOCKADDR_NL.groups, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, true);
  if (libc.bind(fd, groups, groups.length) !== 0) {
    const code = libc.errno();
    libc.close(fd);
    throw new NetError('UNSUPPORTED', `cannot bind ${what} (${code})`, 'Check the seccomp or LSM policy.');
  }
  // A message longer than the buffer is cut, which loses nothing that is read.
  return { close: drain(libc, fd, 4096, onChange) };
}
