/**
 * What recvmmsg and sendmmsg read and write, laid out once: an array of struct mmsghdr, and for each of them an
 * address, an iovec list and a control buffer at a fixed place. A batch only fills in what changes.
 *
 * Slots are wide enough for sockaddr_in6, and for in6_pktinfo with a UDP_SEGMENT beside it.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import { IP_PKTINFO, IPPROTO_IP, MSG_TRUNC } from './libc.ts';
import { allocate, SOCKADDR_IN_SIZE, setWord } from './memory.ts';
import type { Datagram } from './udp.ts';

/** Datagrams in one system call. Past 64 the cost of the call itself no longer shows. */
export const BATCH = 64;

/** struct mmsghdr on 64-bit Linux, as the kernel has it. */
export const HEADER = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
};
const HEADER_SIZE = 64;
const NAME_SIZE = 32;
export const IOVEC_SIZE = 16;
const CONTROL_SIZE = 64;

/** struct cmsghdr { size_t len; int level; int type; } followed by struct in_pktinfo { int ifindex; spec_dst; addr }. */
export const CMSG = { length: 0, level: 8, type: 12, sourceAddress: 20, destination: 24 };
export const PKTINFO_LENGTH = 28;
export const PKTINFO_SPACE = 32;

/** Where the parts of slot i lie in the slab. */
function layout(iovecs: number) {
  const names = BATCH * HEADER_SIZE;
  const iovs = names + BATCH * NAME_SIZE;
  const controls = iovs + BATCH * iovecs * IOVEC_SIZE;
  return {
    size: controls + BATCH * CONTROL_SIZE,
    header: (slot: number) => slot * HEADER_SIZE,
    name: (slot: number) => names + slot * NAME_SIZE,
    iov: (slot: number) => iovs + slot * iovecs * IOVEC_SIZE,
    control: (slot: number) => controls + slot * CONTROL_SIZE,
  };
}

/** An mmsghdr array whose constant pointers are set; without iovecs, those of each message are set as it is filled in. */
export function allocateHeaders(iovecs: number) {
  const at = layout(iovecs);
  const memory = allocate(at.size);
  for (let slot = 0; slot < BATCH; slot += 1) {
    const header = at.header(slot);
    setWord(memory.view, header + HEADER.name, memory.address + at.name(slot));
    setWord(memory.view, header + HEADER.iov, memory.address + at.iov(slot));
    setWord(memory.view, header + HEADER.iovCount, iovecs);
    setWord(memory.view, header + HEADER.control, memory.address + at.control(slot));
  }
  return { at, memory };
}

export interface ReceiveSlab {
  /** For recvmmsg: BATCH headers, ready. */
  readonly address: number;
  /** The first `count` slots as datagrams, viewing the slab; the headers are ready again for the next call. */
  take(count: number): Datagram[];
}

/** A slab for datagrams of up to `slotSize` bytes. `isOwn` tells whether an address to answer from is the NIC's. */
export function createReceiveSlab(slotSize: number, isOwn: (address: Ipv4) => boolean): ReceiveSlab {
  const { at, memory } = allocateHeaders(1);
  const { view } = memory;
  const payload = allocate(BATCH * slotSize);
  // Most streams are of one length (TFTP's ACKs always are), so the last view of a slot usually fits again.
  const views: Uint8Array[] = [];

  function ready(slot: number): void {
    view.setUint32(at.header(slot) + HEADER.nameLength, SOCKADDR_IN_SIZE, true);
    setWord(view, at.header(slot) + HEADER.controlLength, CONTROL_SIZE);
  }

  function bytesOf(slot: number, length: number): Uint8Array {
    const last = views[slot];
    if (last !== undefined && last.length === length) return last;
    const start = slot * slotSize;
    const bytes = payload.bytes.subarray(start, start + length);
    views[slot] = bytes;
    return bytes;
  }

  function datagram(slot: number): Datagram {
    const header = at.header(slot);
    const name = at.name(slot);
    const control = at.control(slot);
    const told =
      view.getUint32(header + HEADER.controlLength, true) >= PKTINFO_LENGTH &&
      view.getInt32(control + CMSG.level, true) === IPPROTO_IP &&
      view.getInt32(control + CMSG.type, true) === IP_PKTINFO;
    const destination = told ? view.getUint32(control + CMSG.destination) : 0;
    const local = told ? view.getUint32(control + CMSG.sourceAddress) : 0;
    return {
      data: bytesOf(slot, view.getUint32(header + HEADER.length, true)),
      source: view.getUint32(name + 4),
      sourcePort: view.getUint16(name + 2),
      destination,
      localAddress: local === destination || isOwn(local) ? local : 0,
      truncated: (view.getUint32(header + HEADER.flags, true) & MSG_TRUNC) !== 0,
    };
  }

  for (let slot = 0; slot < BATCH; slot += 1) {
    setWord(view, at.iov(slot), payload.address + slot * slotSize);
    setWord(view, at.iov(slot) + 8, slotSize);
    ready(slot);
  }
  return {
    address: memory.address,
    take(count) {
      const batch: Datagram[] = [];
      for (let slot = 0; slot < count; slot += 1) {
        batch.push(datagram(slot));
        ready(slot);
      }
      return batch;
    },
  };
}
