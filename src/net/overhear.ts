/**
 * Hears the UDP datagrams that come to a port on one NIC, whoever holds that port, and says one as a machine without an
 * address does: what it takes to play a DHCP client on a host that has one already (dhclient, systemd-networkd,
 * NetworkManager). A packet socket takes nothing away from them, sees what a firewall of this host would drop, and sees
 * what this host itself sends, so that a server beside us is heard too.
 */
import { internetChecksum } from '../values/checksum.ts';
import { BROADCAST, type Ipv4, UNSPECIFIED } from '../values/ipv4.ts';
import type { FilterStep } from './filter.ts';
import { loadLibc, SOCK_DGRAM } from './libc.ts';
import { BPF, linkAddress, openPacketSocket } from './packet.ts';
import { drain } from './raw.ts';
import type { Nic } from './udp.ts';

const ETH_P_IP = 0x0800;
/** With it, and not with ETH_P_IP, a packet socket is shown what this host sends. */
const ETH_P_ALL = 3;
const MAC_LENGTH = 6;
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
const UDP_HEADER = { length: 4, checksum: 6, size: 8 };
const LARGEST = 0x1_0000;
/** Further BPF instructions: any of these bits; X = 4 * (a byte's low half); a half word at X. */
const JUMP_IF_ANY = 0x45;
const LOAD_X_HEADER_LENGTH = 0xb1;
const LOAD_HALF_WORD_AT_X = 0x48;
/** SKF_AD_OFF + SKF_AD_PROTOCOL: not a place in the packet, but the link's word on what it holds. */
const FRAME_PROTOCOL = 0xffff_f000;

/** A datagram heard. `data` is a view, valid until the handler returns. */
export interface Overheard {
  readonly data: Uint8Array;
  readonly source: Ipv4;
  readonly sourcePort: number;
}

export interface Overhearer {
  /**
   * Broadcasts a datagram from 0.0.0.0, as RFC 2131 §4.1 has a client without an address do it. It goes to the wire
   * alone: the kernel hands such a frame to no socket of this host. Undefined when it left, else the errno's name.
   */
  broadcast(fromPort: number, toPort: number, data: Uint8Array): string | undefined;
  /** Idempotent; nothing is heard after it returns. */
  close(): void;
}

/** Throws NetError; it takes CAP_NET_RAW. */
export function openOverhearer(nic: Nic, port: number, onHeard: (heard: Overheard) => void): Overhearer {
  const libc = loadLibc();
  const fd = openPacketSocket(libc, { nic, type: SOCK_DGRAM, protocol: ETH_P_ALL, filter: onlyTo(port) });
  const everyone = linkAddress(nic, ETH_P_IP, new Uint8Array(MAC_LENGTH).fill(0xff));
  const close = drain(libc, fd, LARGEST, (bytes) => {
    const heard = bytes === undefined ? undefined : dissect(bytes);
    if (heard !== undefined) onHeard(heard);
  });
  let closed = false;
  return {
    broadcast(fromPort, toPort, data) {
      if (closed) return 'EBADF';
      const packet = ipPacket(fromPort, toPort, data);
      const sent = libc.sendto(fd, packet, packet.length, 0, everyone, everyone.length);
      return sent < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}

/**
 * Only IPv4, UDP, the first or only fragment, this destination port: a busy NIC's other traffic is none of our business.
 * A wrong answer jumps to the last step, which drops.
 */
function onlyTo(port: number): readonly FilterStep[] {
  return [
    [BPF.loadHalfWord, 0, 0, FRAME_PROTOCOL],
    [BPF.jumpIfEqual, 0, 8, ETH_P_IP],
    [BPF.loadByte, 0, 0, IP.protocol],
    [BPF.jumpIfEqual, 0, 6, UDP],
    [BPF.loadHalfWord, 0, 0, IP.fragment],
    [JUMP_IF_ANY, 4, 0, 0x1fff],
    [LOAD_X_HEADER_LENGTH, 0, 0, 0],
    [LOAD_HALF_WORD_AT_X, 0, 0, 2],
    [BPF.jumpIfEqual, 0, 1, port],
    [BPF.take, 0, 0, 0xffff_ffff],
    [BPF.take, 0, 0, 0],
  ];
}

/** Undefined for what is cut short; checksums are the wire's business, and a NIC may not have made them yet. */
function dissect(bytes: Buffer): Overheard | undefined {
  if (bytes.length < IP.size + UDP_HEADER.size) return undefined;
  const header = (bytes.readUInt8() & 15) * 4;
  if (bytes.length < header + UDP_HEADER.size) return undefined;
  const end = header + bytes.readUInt16BE(header + UDP_HEADER.length);
  if (end < header + UDP_HEADER.size || end > bytes.length) return undefined;
  return {
    data: bytes.subarray(header + UDP_HEADER.size, end),
    source: bytes.readUInt32BE(IP.source),
    sourcePort: bytes.readUInt16BE(header),
  };
}

function ipPacket(fromPort: number, toPort: number, data: Uint8Array): Uint8Array {
  const packet = Buffer.alloc(IP.size + UDP_HEADER.size + data.length);
  packet.writeUInt8(0x45);
  packet.writeUInt16BE(packet.length, IP.length);
  packet.writeUInt8(64, IP.lifetime);
  packet.writeUInt8(UDP, IP.protocol);
  packet.writeUInt32BE(UNSPECIFIED, IP.source);
  packet.writeUInt32BE(BROADCAST, IP.destination);
  packet.writeUInt16BE(internetChecksum(packet.subarray(0, IP.size)), IP.checksum);
  packet.writeUInt16BE(fromPort, IP.size);
  packet.writeUInt16BE(toPort, IP.size + 2);
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
