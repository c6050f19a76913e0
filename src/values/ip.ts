/** Addresses of either version of the Internet Protocol, for those who take both. */
import { formatIpv4, type Ipv4, parseIpv4 } from './ipv4.ts';
import { formatIpv6, type Ipv6, parseIpv6 } from './ipv6.ts';

/** A number is IPv4, a string IPv6. */
export type IpAddress = Ipv4 | Ipv6;

export function isIpv4(address: IpAddress): address is Ipv4 {
  return typeof address === 'number';
}

/** Address → text: `10.0.0.1`, `fd00::1`. */
export function formatIp(address: IpAddress): string {
  return isIpv4(address) ? formatIpv4(address) : formatIpv6(address);
}

/** Text → address. */
export function parseIp(text: string): IpAddress | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** As the host of a URL (RFC 3986 §3.2.2): `10.0.0.1`, `[fd00::1]`. */
export function formatHost(address: IpAddress): string {
  return isIpv4(address) ? formatIpv4(address) : `[${formatIpv6(address)}]`;
}
