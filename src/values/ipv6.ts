/** IPv6 addresses as their sixteen bytes: they are copied between frames and shown, never counted with. */
import ipaddr from 'ipaddr.js';

/** Sixteen bytes in network order. */
export type Ipv6 = Uint8Array;

export const IPV6_LENGTH = 16;

/** As RFC 5952 writes it: `fe80::5054:ff:feaa:1`. */
export function formatIpv6(address: Ipv6): string {
  return ipaddr.fromByteArray([...address]).toString();
}

/** Text → bytes; undefined for what is no IPv6 address. */
export function parseIpv6(text: string): Ipv6 | undefined {
  return ipaddr.IPv6.isValid(text) ? Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray()) : undefined;
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal([first, second = 0]: Ipv6): boolean {
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** `::`, what a host sends from that has no address yet. */
export function isUnspecified(address: Ipv6): boolean {
  return address.every((byte) => byte === 0);
}
