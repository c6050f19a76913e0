/**
 * A batch as sendmmsg reads it. Datagrams of one length to one client (a TFTP window, replies to a relay) share a
 * message: the kernel cuts it up again (UDP_SEGMENT, since Linux 4.18), and takes its way through routing and the queue
 * once for all of them.
 */

import type { IpAddress } from '../values/ip.ts';
import type { Family } from './family.ts';
import { SOL_UDP, UDP_SEGMENT } from './libc.ts';
import { allocate, setWord } from './memory.ts';
import { allocateHeaders, BATCH, CMSG, HEADER, IOVEC_SIZE } from './messages.ts';
import type { Outgoing } from './udp.ts';

/** UDP's largest payload is 65 507 over IPv4 and 65 527 over IPv6: one byte more is refused by the kernel (EMSGSIZE). */
const HEAD_LIMIT = 65_528;
const ARENA_SIZE = 128 * 1024;
const IOVECS = 1024;

/** UDP_MAX_SEGMENTS until Linux 6.9. */
const MAX_SEGMENTS = 64;
/** Of all segments together: they are one UDP packet until they are cut. */
const MAX_MESSAGE = 65_000;

/** struct cmsghdr and a uint16_t. */
const SEGMENT_LENGTH = 18;
const SEGMENT_SPACE = 24;

export interface SendSlab<Address extends IpAddress> {
  /** Messages laid out. */
  count(): number;
  /** The header of a slot, for sendmmsg to begin at. */
  addressOf(slot: number): number;
  /** How many datagrams a slot's message is cut into. */
  datagramsOf(slot: number): number;
  /** Starts an empty batch. */
  clear(): void;
  /**
   * Lays a datagram out, in the last message when it may be joined and continues it, else in the next slot; false when the
   * slab is full. Throws RangeError for a slice beyond its buffer.
   */
  add(datagram: Outgoing<Address>, to: Address, join: boolean): boolean;
}

/** The last message, as far as it can still grow. */
interface Message<Address extends IpAddress> {
  to: Address;
  port: number;
  from: Address | undefined;
  /** Bytes of each of its datagrams but the last, which may be shorter and then is the last. */
  segment: number;
  bytes: number;
  isOpen: boolean;
}

/** One slab serves every socket of a family: sendmmsg has read it when it returns. */
export function createSendSlab<Address extends IpAddress>(family: Family<Address>): SendSlab<Address> {
  const { info } = family;
  const infoLength = CMSG.data + info.size;
  /** Control messages begin at multiples of 8. */
  const infoSpace = Math.ceil(infoLength / 8) * 8;
  const { at, memory } = allocateHeaders(0);
  const { view } = memory;
  const iovecs = allocate(IOVECS * IOVEC_SIZE);
  const arena = allocate(ARENA_SIZE);
  const datagrams = new Uint16Array(BATCH);
  const last: Message<Address> = {
    to: family.unspecified,
    port: 0,
    from: undefined,
    segment: 0,
    bytes: 0,
    isOpen: false,
  };
  let slots = 0;
  let usedIovecs = 0;
  let used = 0;

  function setControl(slot: number, from: Address | undefined, segment: number): void {
    const header = at.header(slot);
    const control = at.control(slot);
    const start = from === undefined ? infoSpace : 0;
    const end = segment === 0 ? infoSpace : infoSpace + SEGMENT_SPACE;
    setWord(view, header + HEADER.control, memory.address + control + start);
    setWord(view, header + HEADER.controlLength, end - start);
    if (from !== undefined) family.setLocal(view, control + CMSG.data, from);
    if (segment !== 0) view.setUint16(control + infoSpace + CMSG.data, segment, true);
  }

  function addIovec(address: number, length: number): void {
    const offset = usedIovecs * IOVEC_SIZE;
    setWord(iovecs.view, offset, address);
    setWord(iovecs.view, offset + 8, length);
    usedIovecs += 1;
  }

  const continues = ({ port, from }: Outgoing<Address>, to: Address, length: number): boolean =>
    slots > 0 &&
    last.isOpen &&
    last.to === to &&
    last.port === port &&
    last.from === from &&
    length > 0 &&
    length <= last.segment &&
    last.bytes + length <= MAX_MESSAGE &&
    (datagrams[slots - 1] as number) < MAX_SEGMENTS;

  function open({ port, from }: Outgoing<Address>, to: Address, length: number): void {
    const slot = slots;
    family.setEndpoint(view, at.name(slot), to, port);
    setWord(view, at.header(slot) + HEADER.iov, iovecs.address + usedIovecs * IOVEC_SIZE);
    setWord(view, at.header(slot) + HEADER.iovCount, 0);
    setControl(slot, from, 0);
    last.to = to;
    last.port = port;
    last.from = from;
    last.segment = length;
    last.bytes = 0;
    last.isOpen = length > 0;
    datagrams[slot] = 0;
    slots += 1;
  }

  for (let slot = 0; slot < BATCH; slot += 1) {
    const control = at.control(slot);
    view.setUint32(at.header(slot) + HEADER.nameLength, family.endpointSize, true);
    setWord(view, control + CMSG.length, infoLength);
    view.setInt32(control + CMSG.level, info.level, true);
    view.setInt32(control + CMSG.type, info.type, true);
    const segment = control + infoSpace;
    setWord(view, segment + CMSG.length, SEGMENT_LENGTH);
    view.setInt32(segment + CMSG.level, SOL_UDP, true);
    view.setInt32(segment + CMSG.type, UDP_SEGMENT, true);
  }
  return {
    count: () => slots,
    addressOf: (slot) => memory.address + at.header(slot),
    datagramsOf: (slot) => datagrams[slot] ?? 0,
    clear() {
      slots = 0;
      usedIovecs = 0;
      used = 0;
    },
    add(datagram, to, join) {
      const { head, body } = datagram;
      const length = Math.min(head.length, HEAD_LIMIT);
      if (used + length > ARENA_SIZE || usedIovecs + 2 > IOVECS) return false;
      checkSlice(body);
      const whole = length + (body?.length ?? 0);
      if (!(join && continues(datagram, to, whole))) {
        if (slots === BATCH) return false;
        open(datagram, to, whole);
      }
      const slot = slots - 1;
      arena.bytes.set(length === head.length ? head : head.subarray(0, length), used);
      addIovec(arena.address + used, length);
      if (body !== undefined) addIovec(body.memory.address + body.offset, body.length);
      used += length;
      last.bytes += whole;
      last.isOpen &&= whole === last.segment;
      const count = (datagrams[slot] as number) + 1;
      datagrams[slot] = count;
      const header = at.header(slot);
      view.setUint32(
        header + HEADER.iovCount,
        view.getUint32(header + HEADER.iovCount, true) + (body === undefined ? 1 : 2),
        true,
      );
      if (count === 2) setControl(slot, datagram.from, last.segment);
      return true;
    },
  };
}

function checkSlice(slice: Outgoing['body']): void {
  if (slice === undefined) return;
  const { memory, offset, length } = slice;
  if (offset >= 0 && length >= 0 && offset + length <= memory.size) return;
  throw new RangeError(`bytes ${offset}+${length} of ${memory.size}`);
}
