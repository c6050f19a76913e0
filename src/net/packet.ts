/** Packet sockets (packet(7)): frames of one NIC, as a filter in the kernel lets them through. */
import { attachProgram, type FilterStep } from './filter.ts';
import { AF_PACKET, type Libc, SO_ATTACH_FILTER } from './libc.ts';
import { openRaw } from './raw.ts';
import { deviceFailure } from './refusal.ts';
import { NetError, type Nic } from './udp.ts';

/** struct sockaddr_ll: family and index in host order, protocol in network order. */
const SOCKADDR_LL = { protocol: 2, index: 4, macLength: 11, mac: 12, size: 20 };

/** BPF's instructions that filters here are made of: load into the accumulator, compare it, end. */
export const BPF = {
  loadByte: 0x30,
  loadHalfWord: 0x28,
  jumpIfEqual: 0x15,
  /** Takes so many bytes of the packet; 0: drops it. */
  take: 0x06,
} as const;

export interface PacketSocketOptions {
  readonly nic: Nic;
  /** SOCK_DGRAM: without the link's header. SOCK_RAW: with it. */
  readonly type: number;
  /** ETH_P_… */
  readonly protocol: number;
  readonly filter: readonly FilterStep[];
}

/** Nothing comes before the filter is in place. Throws NetError; it takes CAP_NET_RAW. */
export function openPacketSocket(libc: Libc, { nic, type, protocol, filter }: PacketSocketOptions): number {
  // A socket of protocol 0 receives nothing until it is bound to one.
  const fd = openRaw(libc, AF_PACKET, type, 0, `a packet socket on ${nic.name}`);
  if (!attachProgram(libc, fd, SO_ATTACH_FILTER, filter)) {
    const code = libc.errno();
    libc.close(fd);
    const hint = 'Check the seccomp or LSM policy.';
    throw new NetError(
      'UNSUPPORTED',
      `cannot filter what a packet socket on ${nic.name} gets (${code})`,
      hint,
    );
  }
  const link = linkAddress(nic, protocol);
  if (libc.bind(fd, link, link.length) !== 0) {
    const code = libc.errno();
    libc.close(fd);
    throw deviceFailure(libc, code, nic.name);
  }
  return fd;
}

/** Where a packet socket is bound to, or sends to: a NIC, a protocol and, for sending, a link address. */
export function linkAddress(nic: Nic, protocol: number, mac: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_LL.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(SOCKADDR_LL.protocol, protocol);
  view.setInt32(SOCKADDR_LL.index, nic.index, true);
  bytes[SOCKADDR_LL.macLength] = mac.length;
  bytes.set(mac, SOCKADDR_LL.mac);
  return bytes;
}
