/**
 * The far end of the server's wire. A packet socket on the other NIC of a veth pair plays any number of clients and
 * relays, and sees every frame with its link addresses, whoever it is for.
 */
import assert from 'node:assert/strict';
import koffi from 'koffi';
import { AF_PACKET, loadLibc, SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../src/net/libc.ts';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import { int32 } from '../../src/net/memory.ts';
import { watchReadable } from '../../src/net/readiness.ts';
import { createFeed, type Feed } from '../lab/feed.ts';
import type { Namespace } from '../lab/netns.ts';
import { inside, nicOf } from '../net/inside.ts';
import { type ArpRequest, arpReply, type Frame, readFrame, type UdpFrame, udpFrame } from './frames.ts';

export interface Link {
  /** Every UDP datagram and ARP request that came, in order. */
  readonly frames: Feed<Frame>;
  send(frame: UdpFrame): void;
  /** From now on ARP requests for the address are answered with this link address. */
  holds(address: string, mac: string): void;
  close(): void;
}

const SOCK_RAW = 3;
const ETH_P_ALL = 0x0003;
const SOL_PACKET = 263;
/** Frames that this very socket sends are not shown to it (Linux 4.20). */
const PACKET_IGNORE_OUTGOING = 23;
const LARGEST_FRAME = 65_536;

/** A struct sockaddr_ll: family and index in host order, protocol in network order. */
function linkEndpoint(index: number): Uint8Array {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16LE(AF_PACKET, 0);
  bytes.writeUInt16BE(ETH_P_ALL, 2);
  bytes.writeInt32LE(index, 4);
  return bytes;
}

function openPacketSocket(namespace: Namespace, nic: string): number {
  const libc = loadLibc();
  return inside(namespace, () => {
    const { index } = nicOf(createLinuxNetwork(), nic);
    const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert.ok(fd >= 0, 'a packet socket');
    assert.equal(libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, int32(1), 4), 0);
    const endpoint = linkEndpoint(index);
    assert.equal(libc.bind(fd, endpoint, endpoint.length), 0, `bind to ${nic}`);
    return fd;
  });
}

/** Takes over a NIC that has no address of its own. */
export function openLink(namespace: Namespace, nic: string): Link {
  const libc = loadLibc();
  const lib = koffi.load(null);
  const recv: (fd: number, into: Uint8Array, size: number, flags: number) => number = lib.func(
    'long recv(int, void *, size_t, int)',
  );
  const write: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = lib.func(
    'long send(int, void *, size_t, int)',
  );
  const fd = openPacketSocket(namespace, nic);
  const frames = createFeed<Frame>((frame) => JSON.stringify({ ...frame, payload: undefined }));
  const holders = new Map<string, string>();
  const buffer = Buffer.alloc(LARGEST_FRAME);

  const transmit = (bytes: Buffer): void => {
    assert.equal(write(fd, bytes, bytes.length, 0), bytes.length, 'the frame is sent');
  };
  const answerArp = (request: ArpRequest): void => {
    const mac = holders.get(request.target);
    if (mac !== undefined) transmit(arpReply(request, mac));
  };
  const watch = watchReadable(fd, () => {
    for (let size = recv(fd, buffer, buffer.length, 0); size > 0; size = recv(fd, buffer, buffer.length, 0)) {
      const frame = readFrame(Buffer.from(buffer.subarray(0, size)));
      if (frame === undefined) continue;
      if (frame.kind === 'arp') answerArp(frame);
      frames.push(frame);
    }
  });
  return {
    frames,
    send: (frame) => transmit(udpFrame(frame)),
    holds: (address, mac) => void holders.set(address, mac),
    close() {
      watch.close();
      libc.close(fd);
      frames.end('the link was closed');
    },
  };
}
