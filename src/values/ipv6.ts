/**
 * IPv6 addresses as strings of sixteen characters, each an octet (code unit 0–255, in network order). Like the numbers of
 * ipv4.ts such an address compares with `===`, is a ready Map key and passes from thread to thread as it is. It is no text:
 * text is for people and for configuration only.
 */
import ipaddr from 'ipaddr.js';
import { formatMac, type Mac } from './mac.ts';

declare const octets: unique symbol;

/** An IPv6 address. Marked, so that no text is taken for one. */
export type Ipv6 = string & { readonly [octets]: true };

export const IPV6_LENGTH = 16;

/** Sixteen octets → address. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6 {
  return String.fromCharCode(...bytes) as Ipv6;
}

/** Address → its octets. */
export function ipv6Bytes(address: Ipv6): Uint8Array {
  return Uint8Array.from(address, (octet) => octet.charCodeAt(0));
}

/** The same where every packet asks for it: the address that stands in a structure. */
export function ipv6At(view: DataView, at: number): Ipv6 {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
    view.getUint8(at + 8),
    view.getUint8(at + 9),
    view.getUint8(at + 10),
    view.getUint8(at + 11),
    view.getUint8(at + 12),
    view.getUint8(at + 13),
    view.getUint8(at + 14),
    view.getUint8(at + 15),
  ) as Ipv6;
}

/** Writes an address into a structure. */
export function setIpv6(view: DataView, at: number, address: Ipv6): void {
  for (let octet = 0; octet < IPV6_LENGTH; octet += 1) view.setUint8(at + octet, address.charCodeAt(octet));
}

/** As RFC 5952 writes it: `fe80::5054:ff:feaa:1`. */
export function formatIpv6(address: Ipv6): string {
  return ipaddr.fromByteArray([...ipv6Bytes(address)]).toString();
}

/** Text → address; undefined for what is no IPv6 address, or has a zone: a zone means something on its own host only. */
export function parseIpv6(text: string): Ipv6 | undefined {
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipv6FromBytes(Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray()));
}

/** `::`, what a host sends from that has no address yet. */
export const UNSPECIFIED_IPV6: Ipv6 = ipv6FromBytes(new Uint8Array(IPV6_LENGTH));

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(address: Ipv6): boolean {
  return address.charCodeAt(0) === 0xfe && (address.charCodeAt(1) & 0xc0) === 0x80;
}

/** ff00::/8 (RFC 4291 §2.7). */
export function isMulticast(address: Ipv6): boolean {
  return address.charCodeAt(0) === 0xff;
}

/**
 * The MAC in an address whose last half is made of it: the modified EUI-64 of RFC 4291, appendix A, which firmware uses in
 * link-local addresses and in those it makes of a router's prefix. Undefined for all other addresses. (One of 65 536 random
 * ones looks alike, and tells a MAC that nobody has.)
 */
export function macInIpv6(address: Ipv6): Mac | undefined {
  const bytes = ipv6Bytes(address);
  const [a = 0, b = 0, c = 0, ff, fe, d = 0, e = 0, f = 0] = bytes.subarray(8);
  // The universal/local bit is turned round.
  return ff === 0xff && fe === 0xfe ? formatMac(Uint8Array.of(a ^ 2, b, c, d, e, f)) : undefined;
}
