/** Ethernet, ARP, IPv4 and UDP written and read by hand: what the product's own sockets do is measured against this. */

/** One UDP datagram as it stands on the wire, its link addresses included. Addresses are text: `52:54:00:00:00:01`, `10.0.0.1`. */
export interface UdpFrame {
  readonly linkSource: string;
  readonly linkDestination: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export interface ArpRequest {
  readonly linkSource: string;
  /** Who asks; 0.0.0.0 in a probe (RFC 5227). */
  readonly sender: string;
  /** Whose link address is asked for. */
  readonly target: string;
}

export type Frame = ({ readonly kind: 'udp' } & UdpFrame) | ({ readonly kind: 'arp' } & ArpRequest);

export const LINK_BROADCAST = 'ff:ff:ff:ff:ff:ff';

const ETHERNET = { header: 14, ipv4: 0x0800, arp: 0x0806 };
const IPV4 = { header: 20, udp: 17, ttl: 64 };
const UDP_HEADER = 8;
const ARP = { size: 28, request: 1, reply: 2 };

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
export const ipBytes = (ip: string): Buffer => Buffer.from(ip.split('.').map(Number));
export const macText = (bytes: Uint8Array): string =>
  Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
export const ipText = (bytes: Uint8Array): string => bytes.join('.');

/** RFC 1071, over a whole number of 16-bit words. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The UDP checksum is left out, as RFC 768 allows. */
export function udpFrame(frame: UdpFrame): Buffer {
  const ip = ETHERNET.header;
  const udp = ip + IPV4.header;
  const bytes = Buffer.alloc(udp + UDP_HEADER + frame.payload.length);
  macBytes(frame.linkDestination).copy(bytes, 0);
  macBytes(frame.linkSource).copy(bytes, 6);
  bytes.writeUInt16BE(ETHERNET.ipv4, 12);
  bytes.writeUInt8(0x45, ip);
  bytes.writeUInt16BE(bytes.length - ip, ip + 2);
  bytes.writeUInt8(IPV4.ttl, ip + 8);
  bytes.writeUInt8(IPV4.udp, ip + 9);
  ipBytes(frame.source).copy(bytes, ip + 12);
  ipBytes(frame.destination).copy(bytes, ip + 16);
  bytes.writeUInt16BE(checksum(bytes.subarray(ip, udp)), ip + 10);
  bytes.writeUInt16BE(frame.sourcePort, udp);
  bytes.writeUInt16BE(frame.destinationPort, udp + 2);
  bytes.writeUInt16BE(UDP_HEADER + frame.payload.length, udp + 4);
  bytes.set(frame.payload, udp + UDP_HEADER);
  return bytes;
}

/** The answer to a request: the address asked for is at this link address. */
export function arpReply(request: ArpRequest, mac: string): Buffer {
  const bytes = Buffer.alloc(ETHERNET.header + ARP.size);
  macBytes(request.linkSource).copy(bytes, 0);
  macBytes(mac).copy(bytes, 6);
  bytes.writeUInt16BE(ETHERNET.arp, 12);
  const arp = bytes.subarray(ETHERNET.header);
  arp.set([0, 1, 8, 0, 6, 4, 0, ARP.reply]);
  macBytes(mac).copy(arp, 8);
  ipBytes(request.target).copy(arp, 14);
  macBytes(request.linkSource).copy(arp, 18);
  ipBytes(request.sender).copy(arp, 24);
  return bytes;
}

/** Undefined for whatever else is on a wire: IPv6, ARP replies, other protocols. */
export function readFrame(bytes: Buffer): Frame | undefined {
  const type = bytes.readUInt16BE(12);
  if (type === ETHERNET.arp) return readArp(bytes);
  return type === ETHERNET.ipv4 ? readUdp(bytes) : undefined;
}

function readArp(bytes: Buffer): Frame | undefined {
  const arp = bytes.subarray(ETHERNET.header);
  if (arp.readUInt16BE(6) !== ARP.request) return undefined;
  return {
    kind: 'arp',
    linkSource: macText(arp.subarray(8, 14)),
    sender: ipText(arp.subarray(14, 18)),
    target: ipText(arp.subarray(24, 28)),
  };
}

/** The server sends nothing in fragments and uses no IP options, so one that does would fail its row here. */
function readUdp(bytes: Buffer): Frame | undefined {
  const ip = bytes.subarray(ETHERNET.header);
  if (ip.readUInt8(9) !== IPV4.udp) return undefined;
  const udp = ip.subarray((ip.readUInt8(0) & 15) * 4);
  return {
    kind: 'udp',
    linkDestination: macText(bytes.subarray(0, 6)),
    linkSource: macText(bytes.subarray(6, 12)),
    source: ipText(ip.subarray(12, 16)),
    destination: ipText(ip.subarray(16, 20)),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: udp.subarray(UDP_HEADER, udp.readUInt16BE(4)),
  };
}
