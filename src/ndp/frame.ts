/**
 * Router discovery on Ethernet (RFC 4861 §4.1, §4.2): solicitations by which hosts ask for routers, and advertisements
 * that answer. Decoding never throws, and applies the checks that a receiver must (§6.1): bytes that fail one are a value
 * that says which.
 *
 *   Ethernet | destination 6 | source 6 | 86dd |
 *   IPv6     | version 4, class 8, flow 20 | payload length 2 | next header 1 | hop limit 1 | source 16 | destination 16 |
 *   RS       | 133 | 0 | checksum 2 | reserved 4 | options
 *   RA       | 134 | 0 | checksum 2 | hop limit 1 | M O flags 1 | lifetime 2 | reachable 4 | retransmission 4 | options
 */
import { ByteReader, concatBytes, written } from '../dhcp/cursor.ts';
import { internetChecksum } from '../values/checksum.ts';
import {
  IPV6_LENGTH,
  type Ipv6,
  ipv6Bytes,
  ipv6FromBytes,
  isLinkLocal,
  UNSPECIFIED_IPV6,
} from '../values/ipv6.ts';
import { formatMac, type Mac, macOctets } from '../values/mac.ts';

/** A host asks whether there is a router. */
export interface Solicitation {
  readonly kind: 'solicitation';
  readonly linkSource: Mac;
  /** `::` from a host that has no address yet. */
  readonly source: Ipv6;
}

/** Somebody says what routers this link has. */
export interface Advertisement {
  readonly kind: 'advertisement';
  readonly linkSource: Mac;
  readonly linkDestination: Mac;
  readonly source: Ipv6;
  readonly destination: Ipv6;
  /** Seconds that the sender may be used as a default router; 0: it is none. */
  readonly lifetime: number;
  /** Whether it tells hosts anything: a router, a prefix, a name server, a DHCPv6 server … */
  readonly tells: boolean;
}

export type RouterMessage = Solicitation | Advertisement;

/** Closed set: the check that a frame failed. */
export type FrameFault =
  | 'TRUNCATED' // shorter than its headers or its own lengths say
  | 'NOT_ROUTER_DISCOVERY' // other than ICMPv6 133 and 134 over IPv6
  | 'FROM_ELSEWHERE' // a hop limit below 255: a router passed it on
  | 'BAD_CHECKSUM'
  | 'BAD_CODE'
  | 'BAD_SOURCE' // an advertisement from no link-local address, or a solicitation from :: that tells a link address
  | 'BAD_OPTION'; // of length zero, or longer than what is left

export interface MalformedFrame {
  readonly malformed: FrameFault;
}

export const isMalformed = (value: RouterMessage | MalformedFrame): value is MalformedFrame =>
  'malformed' in value;

const MAC_LENGTH = 6;
const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
/** No router forwards a packet without lowering its hop limit: 255 proves that it comes from this link. */
const HOP_LIMIT = 255;
const SOLICITATION = 133;
const ADVERTISEMENT = 134;
const CHECKSUM_AT = 2;
/** Options whose presence tells hosts nothing that they would configure: who sent it. */
const SOURCE_LINK_ADDRESS = 1;
/** Options count their length in these. */
const OPTION_UNIT = 8;

const ALL_ROUTERS = ipv6FromBytes(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2));
/** The link addresses of the groups ff02::1 and ff02::2 (RFC 2464 §7). */
export const ALL_NODES_LINK: Mac = '33:33:00:00:00:01';
export const ALL_ROUTERS_LINK: Mac = '33:33:00:00:00:02';

const malformed = (fault: FrameFault): MalformedFrame => ({ malformed: fault });

/** Reads a frame; padding behind the IPv6 packet does not matter. The result keeps nothing of the bytes. */
export function decodeRouterFrame(frame: Uint8Array): RouterMessage | MalformedFrame {
  const reader = new ByteReader(frame);
  const linkDestination = formatMac(reader.take(MAC_LENGTH));
  const linkSource = formatMac(reader.take(MAC_LENGTH));
  const ethertype = reader.u16();
  const version = reader.u32() >>> 28;
  const length = reader.u16();
  const nextHeader = reader.u8();
  const hopLimit = reader.u8();
  const source = ipv6FromBytes(reader.take(IPV6_LENGTH));
  const destination = ipv6FromBytes(reader.take(IPV6_LENGTH));
  const body = reader.take(length);
  if (reader.overrun) return malformed('TRUNCATED');
  if (ethertype !== ETHERTYPE_IPV6 || version !== 6 || nextHeader !== ICMPV6) {
    return malformed('NOT_ROUTER_DISCOVERY');
  }
  const icmp = new ByteReader(body);
  const type = icmp.u8();
  if (type !== SOLICITATION && type !== ADVERTISEMENT) return malformed('NOT_ROUTER_DISCOVERY');
  if (hopLimit !== HOP_LIMIT) return malformed('FROM_ELSEWHERE');
  if (internetChecksum(concatBytes([pseudoHeader(source, destination, length), body])) !== 0) {
    return malformed('BAD_CHECKSUM');
  }
  if (icmp.u8() !== 0) return malformed('BAD_CODE');
  icmp.skip(CHECKSUM_AT);
  return type === SOLICITATION
    ? readSolicitation(icmp, linkSource, source)
    : readAdvertisement(icmp, { linkSource, linkDestination, source, destination });
}

/** RFC 4861 §6.1.1. */
function readSolicitation(icmp: ByteReader, linkSource: Mac, source: Ipv6): Solicitation | MalformedFrame {
  icmp.u32();
  if (icmp.overrun) return malformed('TRUNCATED');
  const options = readOptions(icmp);
  if (options === undefined) return malformed('BAD_OPTION');
  if (source === UNSPECIFIED_IPV6 && options.includes(SOURCE_LINK_ADDRESS)) return malformed('BAD_SOURCE');
  return { kind: 'solicitation', linkSource, source };
}

/** RFC 4861 §6.1.2. */
function readAdvertisement(
  icmp: ByteReader,
  from: Pick<Advertisement, 'linkSource' | 'linkDestination' | 'source' | 'destination'>,
): Advertisement | MalformedFrame {
  icmp.u8();
  const flags = icmp.u8();
  const lifetime = icmp.u16();
  icmp.u32();
  icmp.u32();
  if (icmp.overrun) return malformed('TRUNCATED');
  if (!isLinkLocal(from.source)) return malformed('BAD_SOURCE');
  const options = readOptions(icmp);
  if (options === undefined) return malformed('BAD_OPTION');
  const tells = lifetime > 0 || flags !== 0 || options.some((option) => option !== SOURCE_LINK_ADDRESS);
  return { kind: 'advertisement', ...from, lifetime, tells };
}

/** The types of the options that follow; undefined when one has no length, or more than there is (RFC 4861 §4.6). */
function readOptions(icmp: ByteReader): number[] | undefined {
  const types: number[] = [];
  while (icmp.remaining > 0) {
    types.push(icmp.u8());
    const length = icmp.u8() * OPTION_UNIT;
    if (length === 0) return undefined;
    icmp.skip(length - 2);
    if (icmp.overrun) return undefined;
  }
  return types;
}

/** An advertisement to one host that says no more than "I am no router": lifetime 0, no option (RFC 4861 §6.2.6). */
export function encodeNoRouter(hint: {
  readonly linkSource: Mac;
  readonly linkDestination: Mac;
  readonly source: Ipv6;
  readonly destination: Ipv6;
}): Uint8Array {
  // Hop limit, flags, lifetime, reachable time and retransmission timer: zero leaves each of them to the host.
  const body = written(16, (writer) => writer.u8(ADVERTISEMENT));
  return encodeFrame(hint, body);
}

/** A question to all routers of the link. */
export function encodeSolicitation({ linkSource, source }: Omit<Solicitation, 'kind'>): Uint8Array {
  const withLink = source !== UNSPECIFIED_IPV6;
  const body = written(withLink ? 8 + OPTION_UNIT : 8, (writer) => {
    writer.u8(SOLICITATION);
    writer.skip(7);
    if (!withLink) return;
    writer.u8(SOURCE_LINK_ADDRESS);
    writer.u8(1);
    writer.bytes(macOctets(linkSource));
  });
  return encodeFrame(
    { linkSource, linkDestination: ALL_ROUTERS_LINK, source, destination: ALL_ROUTERS },
    body,
  );
}

/** Puts the headers before an ICMPv6 message, and its checksum into it. */
function encodeFrame(
  ends: { linkSource: Mac; linkDestination: Mac; source: Ipv6; destination: Ipv6 },
  body: Uint8Array,
): Uint8Array {
  const sum = internetChecksum(concatBytes([pseudoHeader(ends.source, ends.destination, body.length), body]));
  const headers = written(14 + 40, (writer) => {
    writer.bytes(macOctets(ends.linkDestination));
    writer.bytes(macOctets(ends.linkSource));
    writer.u16(ETHERTYPE_IPV6);
    writer.u32(0x6000_0000);
    writer.u16(body.length);
    writer.u8(ICMPV6);
    writer.u8(HOP_LIMIT);
    writer.bytes(ipv6Bytes(ends.source));
    writer.bytes(ipv6Bytes(ends.destination));
  });
  const checksum = written(2, (writer) => writer.u16(sum));
  return concatBytes([headers, body.subarray(0, CHECKSUM_AT), checksum, body.subarray(CHECKSUM_AT + 2)]);
}

/** What the checksum covers besides the message (RFC 8200 §8.1). */
function pseudoHeader(source: Ipv6, destination: Ipv6, length: number): Uint8Array {
  return written(2 * IPV6_LENGTH + 8, (writer) => {
    writer.bytes(ipv6Bytes(source));
    writer.bytes(ipv6Bytes(destination));
    writer.u32(length);
    writer.u32(ICMPV6);
  });
}
