/**
 * Which of several sockets on one port gets a datagram: by the sender's address and port, so that all of one transfer
 * reaches the same socket. The kernel computes it (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5), and so does whoever has to know
 * the answer beforehand.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import type { FilterStep } from './filter.ts';

/** Offsets from here on count from the IP header (SKF_NET_OFF). */
const NETWORK = 0xfff0_0000;
/** The IPv4 header without options, which no client of ours sends: with them a transfer would meet a stranger's socket. */
const IPV4 = { source: 12, sourcePort: 20 };

const LOAD_WORD = 0x20;
const LOAD_HALF_WORD = 0x28;
const KEEP = 0x07;
const ADD_KEPT = 0x0c;
const MODULO = 0x94;
const ANSWER = 0x16;

/** The number of the socket, of `sockets`, in the order they were bound. */
export function socketFor(source: Ipv4, sourcePort: number, sockets: number): number {
  return ((source + sourcePort) >>> 0) % sockets;
}

/** The same for the kernel. */
export function steeringProgram(sockets: number): readonly FilterStep[] {
  return [
    [LOAD_WORD, 0, 0, NETWORK + IPV4.source],
    [KEEP, 0, 0, 0],
    [LOAD_HALF_WORD, 0, 0, NETWORK + IPV4.sourcePort],
    [ADD_KEPT, 0, 0, 0],
    [MODULO, 0, 0, sockets],
    [ANSWER, 0, 0, 0],
  ];
}
