/**
 * IPv4 addresses as unsigned 32-bit numbers in host order. A number costs no allocation per packet, compares and
 * ranges with `<`, and is a ready Map key. Text is for people and for configuration only.
 */
import ipaddr from 'ipaddr.js';

/** An IPv4 address: 0 ≤ n ≤ 0xffff_ffff, host order (10.0.0.1 is 0x0a000001). */
export type Ipv4 = number;

/** 0.0.0.0, "no address" in every DHCP header field. */
export const UNSPECIFIED: Ipv4 = 0;

/** 255.255.255.255, the limited broadcast. */
export const BROADCAST: Ipv4 = 0xffff_ffff;

/** Whether a host elsewhere can have the address: no network of its own (0, 127), no group, no broadcast. */
export function isUnicast(address: Ipv4): boolean {
  const first = address >>> 24;
  return first > 0 && first < 224 && first !== 127;
}

/** A network: the address with its host bits zero, and the prefix length 0–32. */
export interface Subnet {
  readonly network: Ipv4;
  readonly prefix: number;
}

/** An inclusive range of addresses, first ≤ last. */
export interface Range {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

const rangeOf = (first: Ipv4, last: Ipv4): Range => ({ first, last });
const subnetOf = (network: Ipv4, prefix: number): Subnet => ({ network, prefix });

// V8 keeps a field that has held numbers below 2³¹ alone otherwise than one that has held larger ones too. Objects that were
// made before the first large one stay as they were, and code that reads both, once it is hot, is compiled and thrown away
// without end (V8 14: a tenth of a CPU, in every second process). So the first of each kind has large ones.
rangeOf(BROADCAST, BROADCAST);
subnetOf(BROADCAST, 32);

/** Dotted-decimal text → address. Only the four-part decimal form: `10.1` and `0x0a.0.0.1` are typing errors here. */
export function parseIpv4(text: string): Ipv4 | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(text).octets;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** Address → dotted-decimal text. */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The netmask of a prefix length, e.g. 24 → 255.255.255.0. */
export function netmask(prefix: number): Ipv4 {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
}

/** `10.0.0.0/24` → subnet. Undefined when it is no CIDR or has host bits set. */
export function parseSubnet(text: string): Subnet | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const network = parseIpv4(text.slice(0, slash));
  const prefixText = text.slice(slash + 1);
  if (network === undefined || !/^\d{1,2}$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  if (prefix > 32 || (network & ~netmask(prefix)) !== 0) return undefined;
  return subnetOf(network, prefix);
}

/** Subnet → `10.0.0.0/24`. */
export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.network)}/${subnet.prefix}`;
}

/** `10.0.0.5-10.0.0.9`, or one address alone → range. Undefined when malformed or backwards. */
export function parseRange(text: string): Range | undefined {
  const [firstText = '', lastText = firstText, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseIpv4(firstText);
  const last = parseIpv4(lastText);
  if (rest.length > 0 || first === undefined || last === undefined || first > last) return undefined;
  return rangeOf(first, last);
}

/** Range → `10.0.0.5-10.0.0.9`. */
export function formatRange(range: Range): string {
  return `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

/** Whether the address lies in the subnet, its network and broadcast addresses included. */
export function inSubnet(address: Ipv4, subnet: Subnet): boolean {
  return (address & netmask(subnet.prefix)) >>> 0 === subnet.network;
}

/** Whether two addresses are neighbours on a network of this prefix length. */
export function areNeighbours(one: Ipv4, other: Ipv4, prefix: number): boolean {
  return ((one ^ other) & netmask(prefix)) === 0;
}

/** Whether the address lies in the range, both ends included. */
export function inRange(address: Ipv4, range: Range): boolean {
  return address >= range.first && address <= range.last;
}

/** The subnet's directed broadcast address (of a /31 or /32: its last address). */
export function broadcastOf(subnet: Subnet): Ipv4 {
  return (subnet.network | ~netmask(subnet.prefix)) >>> 0;
}

/**
 * The addresses that a machine may be given: all but network and broadcast, except that /31 has no broadcast
 * (RFC 3021) and /32 is the one address.
 */
export function hostRange(subnet: Subnet): Range {
  const last = broadcastOf(subnet);
  return subnet.prefix >= 31 ? rangeOf(subnet.network, last) : rangeOf(subnet.network + 1, last - 1);
}
