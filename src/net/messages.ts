/**
 * What recvmmsg and sendmmsg read and write, laid out once: an array of struct mmsghdr, and for each of them an
 * address, an iovec list and a control buffer at a fixed place. A batch only fills in what changes.
 *
 * Slots are wide enough for sockaddr_in6, and for in6_pktinfo with a UDP_SEGMENT beside it.
 */
import type { IpAddress } from '../values/ip.ts';
import type { Family } from './family.ts';
import { MSG_TRUNC } from './libc.ts';
import { allocate, setWord } from './memory.ts';
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

/** struct cmsghdr { size_t len; int level; int type; } followed by its data. */
export const CMSG = { length: 0, level: 8, type: 12, data: 16 };

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

export interface ReceiveSlab<Address extends IpAddress> {
  /** For recvmmsg: BATCH headers, ready. */
  readonly address: number;
  /** The first `count` slots as datagrams, viewing the slab; the headers are ready again for the next call. */
  take(count: number): Datagram<Address>[];
}

/** A slab for datagrams of up to `slotSize` bytes. `isOwn` tells whether an address to answer from is the NIC's. */
export function createReceiveSlab<Address extends IpAddress>(
  family: Family<Address>,
  slotSize: number,
  isOwn: (address: Address) => boolean,
): ReceiveSlab<Address> {
  const { info, endpointSize } = family;
  const { at, memory } = allocateHeaders(1);
  const { view } = memory;
  const payload = allocate(BATCH * slotSize);
  // Most streams are of one length (TFTP's ACKs always are), so the last view of a slot usually fits again.
  const views: Uint8Array[] = [];

  function ready(slot: number): void {
    view.setUint32(at.header(slot) + HEADER.nameLength, endpointSize, true);
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

  function datagram(slot: number): Datagram<Address> {
    const header = at.header(slot);
    const name = at.name(slot);
    const control = at.control(slot);
    const told =
      view.getUint32(header + HEADER.controlLength, true) >= CMSG.data + info.size &&
      view.getInt32(control + CMSG.level, true) === info.level &&
      view.getInt32(control + CMSG.type, true) === info.type;
    const destination = told ? family.destinationAt(view, control + CMSG.data) : family.unspecified;
    const local = told ? family.localAt(view, control + CMSG.data) : family.unspecified;
    return {
      data: bytesOf(slot, view.getUint32(header + HEADER.length, true)),
      source: family.addressAt(view, name),
      sourcePort: view.getUint16(name + 2),
      destination,
      localAddress: local === destination || isOwn(local) ? local : family.unspecified,
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
      const batch: Datagram<Address>[] = [];
      for (let slot = 0; slot < count; slot += 1) {
        batch.push(datagram(slot));
        ready(slot);
      }
      return batch;
    },
  };
}
