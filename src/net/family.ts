/** What IPv4 and IPv6 sockets have differently: how addresses stand in what the kernel reads and writes, and their options. */
import type { IpAddress } from '../values/ip.ts';
import { type Ipv4, UNSPECIFIED } from '../values/ipv4.ts';
import { type Ipv6, ipv6At, isMulticast, setIpv6, UNSPECIFIED_IPV6 } from '../values/ipv6.ts';
import {
  AF_INET,
  AF_INET6,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_OMIT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
} from './libc.ts';
import { SOCKADDR_IN_SIZE, setEndpoint } from './memory.ts';
import type { IpVersion } from './udp.ts';

export interface Family<Address extends IpAddress = IpAddress> {
  readonly version: IpVersion;
  /** AF_INET or AF_INET6. */
  readonly domain: number;
  readonly unspecified: Address;
  /** Bytes of its struct sockaddr. */
  readonly endpointSize: number;
  /** Writes a struct sockaddr. */
  setEndpoint(view: DataView, at: number, address: Address, port: number): void;
  /** The address in a struct sockaddr; the port stands in the same place in both. */
  addressAt(view: DataView, at: number): Address;
  /** The control message that tells where a datagram came to, and decides where one leaves from. */
  readonly info: {
    readonly level: number;
    readonly type: number;
    /** Bytes behind its struct cmsghdr. */
    readonly size: number;
  };
  /** Where a datagram came to, by such a message whose data stand at `at`. */
  destinationAt(view: DataView, at: number): Address;
  /** The address that the kernel would answer from. */
  localAt(view: DataView, at: number): Address;
  /** Writes the address that a datagram leaves from. */
  setLocal(view: DataView, at: number, address: Address): void;
  /** `set(level, option, value)` sets an option of a socket. */
  setOptions(set: (level: number, option: number, value: number) => void): void;
}

/** struct in_pktinfo { int ifindex; struct in_addr spec_dst, addr; } */
const IN_PKTINFO = { specDst: 4, addr: 8, size: 12 };

export const INET: Family<Ipv4> = {
  version: 4,
  domain: AF_INET,
  unspecified: UNSPECIFIED,
  endpointSize: SOCKADDR_IN_SIZE,
  setEndpoint,
  addressAt: (view, at) => view.getUint32(at + 4),
  info: { level: IPPROTO_IP, type: IP_PKTINFO, size: IN_PKTINFO.size },
  destinationAt: (view, at) => view.getUint32(at + IN_PKTINFO.addr),
  localAt: (view, at) => view.getUint32(at + IN_PKTINFO.specDst),
  setLocal: (view, at, address) => view.setUint32(at + IN_PKTINFO.specDst, address),
  setOptions(set) {
    set(IPPROTO_IP, IP_PKTINFO, 1);
    // Leaves Don't Fragment clear and takes no path MTU from ICMP. A TFTP block or DHCP reply too large for some tunnel
    // on the way is then fragmented by its router, where with DF set it would vanish and the boot would hang; and a
    // forged ICMP "fragmentation needed" cannot make us fragment for firmware that cannot reassemble.
    set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  },
};

/** struct sockaddr_in6: its flow label and scope stay zero, since the NIC that the socket is bound to is the scope. */
const SOCKADDR_IN6 = { address: 8, size: 28 };

export const INET6: Family<Ipv6> = {
  version: 6,
  domain: AF_INET6,
  unspecified: UNSPECIFIED_IPV6,
  endpointSize: SOCKADDR_IN6.size,
  setEndpoint(view, at, address, port) {
    view.setUint16(at, AF_INET6, true);
    view.setUint16(at + 2, port);
    setIpv6(view, at + SOCKADDR_IN6.address, address);
  },
  addressAt: (view, at) => ipv6At(view, at + SOCKADDR_IN6.address),
  // struct in6_pktinfo { struct in6_addr addr; int ifindex; }
  info: { level: IPPROTO_IPV6, type: IPV6_PKTINFO, size: 20 },
  destinationAt: ipv6At,
  localAt(view, at) {
    const address = ipv6At(view, at);
    return isMulticast(address) ? UNSPECIFIED_IPV6 : address;
  },
  setLocal: setIpv6,
  setOptions(set) {
    // IPv4 has a socket of its own, with addresses that are numbers.
    set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    // The kernel's own path MTU discovery stays on, other than over IPv4: no router fragments IPv6, so what is too large for
    // the path is lost until an ICMPv6 "packet too big" was heard, and is cut by the kernel from then on. Every host can put
    // 1500 bytes together again (RFC 8200 §5), and a forged message cannot make the pieces smaller than 1280.
  },
};

export const FAMILIES: Readonly<Record<IpVersion, Family>> = { 4: INET, 6: INET6 };
