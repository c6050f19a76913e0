/**
 * Which of several sockets on one port gets a datagram: by the sender's address and port, so that all of one transfer
 * reaches the same socket. The kernel computes it (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5), and so does whoever has to know
 * the answer beforehand.
 */
import { type IpAddress, isIpv4 } from '../values/ip.ts';
import type { Ipv6 } from '../values/ipv6.ts';
import type { FilterStep } from './filter.ts';
import type { IpVersion } from './udp.ts';

/** Offsets from here on count from the IP header (SKF_NET_OFF). */
const NETWORK = 0xfff0_0000;
/**
 * Where the last four bytes of the source and its port stand, in IP headers without options or extensions, which no client
 * of ours sends: with them a transfer would meet a stranger's socket.
 */
const HEADER: Readonly<Record<IpVersion, { source: number; sourcePort: number }>> = {
  4: { source: 12, sourcePort: 20 },
  6: { source: 20, sourcePort: 40 },
};

const LOAD_WORD = 0x20;
const LOAD_HALF_WORD = 0x28;
const KEEP = 0x07;
const ADD_KEPT = 0x0c;
const MODULO = 0x94;
const ANSWER = 0x16;

/** The number of the socket, of `sockets`, in the order they were bound. */
export function socketFor(source: IpAddress, sourcePort: number, sockets: number): number {
  const word = isIpv4(source) ? source : lastWord(source);
  return ((word + sourcePort) >>> 0) % sockets;
}

function lastWord(address: Ipv6): number {
  const octet = (at: number) => address.charCodeAt(at);
  return (octet(12) << 24) | (octet(13) << 16) | (octet(14) << 8) | octet(15);
}

/** The same for the kernel. */
export function steeringProgram(version: IpVersion, sockets: number): readonly FilterStep[] {
  const { source, sourcePort } = HEADER[version];
  return [
    [LOAD_WORD, 0, 0, NETWORK + source],
    [KEEP, 0, 0, 0],
    [LOAD_HALF_WORD, 0, 0, NETWORK + sourcePort],
    [ADD_KEPT, 0, 0, 0],
    [MODULO, 0, 0, sockets],
    [ANSWER, 0, 0, 0],
  ];
}
