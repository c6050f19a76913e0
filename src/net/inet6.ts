/** Whether there is IPv6, and this host's addresses. */
import { readFileSync } from 'node:fs';
import { type Ipv6, ipv6FromBytes } from '../values/ipv6.ts';
import { AF_INET6, type Libc, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';

export interface OwnIpv6 {
  /** Of its NIC. */
  readonly index: number;
  readonly address: Ipv6;
  readonly prefix: number;
  /** One for connections out, which gives way to another within a day (RFC 8981): nobody asks a server by it. */
  readonly temporary: boolean;
}

/** IFA_F_DADFAILED and IFA_F_TENTATIVE: not, or not yet, this host's alone (RFC 4862 §5.4). */
const UNUSABLE = 0x48;
/** IFA_F_TEMPORARY. */
const TEMPORARY = 0x01;

/**
 * Those of all NICs that answer at this moment, in the order of their octets: the kernel's own is that of a hash table. Read
 * where they stand (/proc/net/if_inet6): `address index prefix scope flags name`, all but the name in hex.
 */
export function listIpv6(): readonly OwnIpv6[] {
  const listed: OwnIpv6[] = [];
  for (const line of readOrNothing('/proc/net/if_inet6').split('\n')) {
    const [address, ...numbers] = line.trim().split(/\s+/);
    const [index = 0, prefix = 0, , flags = 0] = numbers.map((hex) => Number.parseInt(hex, 16));
    if (address === undefined || address === '' || (flags & UNUSABLE) !== 0) continue;
    const temporary = (flags & TEMPORARY) !== 0;
    listed.push({ index, address: ipv6FromBytes(Uint8Array.fromHex(address)), prefix, temporary });
  }
  return listed.sort((one, other) => (one.address < other.address ? -1 : 1));
}

/**
 * A kernel without IPv6 (ipv6.disable=1) says EAFNOSUPPORT, and so do most policies that keep it from a process (systemd's
 * RestrictAddressFamilies); others say EPERM or EACCES. Where it is switched off by sysctl (disable_ipv6) sockets can be had,
 * and nothing arrives until it is switched on.
 */
export function ipv6Refusal(libc: Libc): string | undefined {
  const fd = libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return libc.errno();
  libc.close(fd);
  return undefined;
}

/** A host without IPv6 has no such file. */
export function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
