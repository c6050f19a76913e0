/**
 * UDP with the IPv4 header that the kernel else writes and takes off: what packet sockets hear, and what is sent where no UDP
 * socket is bound to the port.
 */
import { internetChecksum } from '../values/checksum.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { FilterStep } from './filter.ts';
import { ETH_P_IP } from './libc.ts';
import { BPF } from './packet.ts';

const UDP = 17;
/** Offsets in an IPv4 header without options, which is the only one written here. */
const IP = {
  length: 2,
  fragment: 6,
  lifetime: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
  size: 20,
};
const UDP_HEADER = { destinationPort: 2, length: 4, checksum: 6, size: 8 };

/** The longest IPv4 header, with all its options, and UDP's behind it. */
export const LONGEST_HEADERS = 60 + UDP_HEADER.size;

/** Further BPF instructions: any of these bits; X = 4 * (a byte's low half); a half word at X. */
const JUMP_IF_ANY = 0x45;
const LOAD_X_HEADER_LENGTH = 0xb1;
const LOAD_HALF_WORD_AT_X = 0x48;
/** SKF_AD_OFF and on: no places in the packet, but the kernel's word on it. */
const ABOUT = {
  protocol: 0xffff_f000,
  packetType: 0xffff_f004,
  vlanTag: 0xffff_f02c,
  vlanTagPresent: 0xffff_f030,
};
/** In a tag; 0 is no VLAN but a priority (IEEE 802.1Q), and some servers' NICs send nothing without. */
const VLAN_ID = 0x0fff;
/** For another machine: seen in promiscuous mode. */
const PACKET_OTHERHOST = 3;

/**
 * Only IPv4, UDP, the first or only fragment, this destination port: a busy NIC's other traffic is none of our business, nor is
 * that of VLANs on the same cable, which are NICs of their own. A wrong answer jumps to the last step, which drops.
 */
export function onlyTo(port: number): readonly FilterStep[] {
  return [
    [BPF.loadHalfWord, 0, 0, ABOUT.packetType],
    [BPF.jumpIfEqual, 14, 0, PACKET_OTHERHOST],
    [BPF.loadHalfWord, 0, 0, ABOUT.vlanTagPresent],
    [BPF.jumpIfEqual, 2, 0, 0],
    [BPF.loadHalfWord, 0, 0, ABOUT.vlanTag],
    [JUMP_IF_ANY, 10, 0, VLAN_ID],
    [BPF.loadHalfWord, 0, 0, ABOUT.protocol],
    [BPF.jumpIfEqual, 0, 8, ETH_P_IP],
    [BPF.loadByte, 0, 0, IP.protocol],
    [BPF.jumpIfEqual, 0, 6, UDP],
    [BPF.loadHalfWord, 0, 0, IP.fragment],
    [JUMP_IF_ANY, 4, 0, 0x1fff],
    [LOAD_X_HEADER_LENGTH, 0, 0, 0],
    [LOAD_HALF_WORD_AT_X, 0, 0, UDP_HEADER.destinationPort],
    [BPF.jumpIfEqual, 0, 1, port],
    [BPF.take, 0, 0, 0xffff_ffff],
    [BPF.take, 0, 0, 0],
  ];
}

/** One end of a datagram's way. */
export interface Endpoint {
  readonly address: Ipv4;
  readonly port: number;
}

export interface Dissected {
  /** A view. */
  readonly data: Uint8Array;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** False: `data` is only the beginning. */
  readonly whole: boolean;
}

/**
 * Takes the headers off a packet that onlyTo() let through. Undefined where they are not there in full. Checksums are not looked
 * at: Ethernet has its own, and in a packet from this very host UDP's is not made yet.
 */
export function dissect(bytes: Buffer): Dissected | undefined {
  if (bytes.length < IP.size + UDP_HEADER.size) return undefined;
  const header = (bytes.readUInt8() & 15) * 4;
  const start = header + UDP_HEADER.size;
  if (header < IP.size || bytes.length < start) return undefined;
  const end = header + bytes.readUInt16BE(header + UDP_HEADER.length);
  if (end < start) return undefined;
  return {
    data: bytes.subarray(start, end),
    from: { address: bytes.readUInt32BE(IP.source), port: bytes.readUInt16BE(header) },
    to: {
      address: bytes.readUInt32BE(IP.destination),
      port: bytes.readUInt16BE(header + UDP_HEADER.destinationPort),
    },
    whole: end <= bytes.length,
  };
}

/** An IPv4 packet, Don't Fragment clear, with a UDP datagram in it, checksums and all. */
export function ipPacket(from: Endpoint, to: Endpoint, data: Uint8Array): Uint8Array {
  const packet = Buffer.alloc(IP.size + UDP_HEADER.size + data.length);
  packet.writeUInt8(0x45);
  packet.writeUInt16BE(packet.length, IP.length);
  packet.writeUInt8(64, IP.lifetime);
  packet.writeUInt8(UDP, IP.protocol);
  packet.writeUInt32BE(from.address, IP.source);
  packet.writeUInt32BE(to.address, IP.destination);
  packet.writeUInt16BE(internetChecksum(packet.subarray(0, IP.size)), IP.checksum);
  packet.writeUInt16BE(from.port, IP.size);
  packet.writeUInt16BE(to.port, IP.size + UDP_HEADER.destinationPort);
  packet.writeUInt16BE(UDP_HEADER.size + data.length, IP.size + UDP_HEADER.length);
  packet.set(data, IP.size + UDP_HEADER.size);
  // UDP's checksum covers a pseudo header too: the addresses, the protocol and the length (RFC 768).
  const pseudo = Buffer.alloc(12);
  packet.copy(pseudo, 0, IP.source, IP.size);
  pseudo.writeUInt8(UDP, 9);
  pseudo.writeUInt16BE(UDP_HEADER.size + data.length, 10);
  const sum = internetChecksum(Buffer.concat([pseudo, packet.subarray(IP.size)]));
  packet.writeUInt16BE(sum === 0 ? 0xffff : sum, IP.size + UDP_HEADER.checksum);
  return packet;
}
