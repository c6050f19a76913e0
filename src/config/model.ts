/** pilotlight.yaml after checking: every default applied, every path absolute, every value in its final type. */
import type { Quirk } from '../boot/quirks.ts';
import type { Ipv4, Range, Subnet } from '../values/ipv4.ts';

export type Mode = 'full' | 'proxy' | 'off';
export type ConflictCheck = 'arp' | 'icmp' | 'off';
export type RouterHint = 'auto' | 'on' | 'off';

/** DHCP options as an author set them: code → wire bytes, checked and encoded at load. */
export type OptionSet = ReadonlyMap<number, Uint8Array>;

/** What a client is known by: its identifier (option 61) where it sends one, or always its hardware address. */
export type ClientIdentity = 'client-id' | 'mac';

/** One `dhcp.subnets` entry: full mode only. */
export interface SubnetPolicy {
  readonly subnet: Subnet;
  readonly pools: readonly Range[];
  /** Mask and broadcast address, over them `dhcp.options`, then `router`, `dns`, `domain` and `options` of the entry. */
  readonly options: OptionSet;
  /** The same with lease time, T1 and T2. */
  readonly leaseOptions: OptionSet;
  /** Seconds. */
  readonly leaseTime: number;
  /** T1 and T2 in seconds (RFC 2131 §4.4.5), renewTime ≤ rebindTime ≤ leaseTime. */
  readonly renewTime: number;
  readonly rebindTime: number;
  /** Seconds from its beginning in which a lease is told again to its client when that asks anew; 0: never. */
  readonly reuseTime: number;
  readonly clientIdentity: ClientIdentity;
  /** Subnets with the same name are on one link (a shared network); undefined: alone on its link. */
  readonly network: string | undefined;
  /** Whether BOOTP clients that no machine entry knows get an address of the pools, for good. */
  readonly bootp: boolean;
}

export interface DhcpPolicy {
  readonly mode: Mode;
  readonly authoritative: boolean;
  /** How an address is probed before its first offer; off unless the mode is full. */
  readonly conflictCheck: ConflictCheck;
  /** By address; none overlaps another. */
  readonly subnets: readonly SubnetPolicy[];
  /** Whether `file` and `sname` may hold options that find no other room (option 52), which confuses old ROMs. */
  readonly overload: boolean;
}

/** What one client, or a flood of clients, may cost. */
export interface Limits {
  /** DHCP messages a second of one MAC address that are answered in the long run; bursts of five times that are let through. */
  readonly clientRate: number;
  /** Offers of pool addresses that may wait for their clients' answers at one time, in one subnet. */
  readonly offers: number;
}

export interface TftpPolicy {
  /** Absolute; need not exist yet. */
  readonly root: string;
  /** Further read-only roots, absolute, tried in order after `root`. */
  readonly search: readonly string[];
  /** 0: any free port. 69: transfers on the port of the request. */
  readonly transferPort: number;
  /** Bytes: the largest block that is granted; undefined: what fits a frame of the NIC, which is the limit in any case. */
  readonly maxBlockSize: number | undefined;
  /** Blocks: the largest window that is granted. */
  readonly maxWindow: number;
  /** Bytes of whole files that are kept in memory, for TFTP and HTTP together. */
  readonly cache: number;
  /** At one time on each NIC. */
  readonly maxTransfers: number;
}

/** A machine loops when it is told the same boot file `times` times within `within` milliseconds. */
export interface LoopPolicy {
  readonly times: number;
  readonly within: number;
}

export interface BootPolicy {
  /** Whether booting machines are told that there is no IPv6 router; off when the mode is. */
  readonly routerHint: RouterHint;
  /** Undefined: loops are not looked for. */
  readonly loop: LoopPolicy | undefined;
}

export interface Config {
  /** The file this came from; undefined when defaults serve. */
  readonly file: string | undefined;
  /** NIC names; undefined: every NIC that is up and is no loopback (never in full mode). */
  readonly interfaces: readonly string[] | undefined;
  /** What clients are told; undefined: the address of the NIC the packet came in on. */
  readonly serverAddress: Ipv4 | undefined;
  readonly dhcp: DhcpPolicy;
  readonly boot: BootPolicy;
  readonly limits: Limits;
  readonly tftp: TftpPolicy;
  /** 0: any free port (for tests). */
  readonly http: { readonly port: number };
  /** Those of the file only; boot/quirks.ts puts them with the built-in ones. */
  readonly quirks: readonly Quirk[];
  /** Absolute: a directory. */
  readonly profiles: string;
  /** Absolute: a directory or one file. */
  readonly machines: string;
  /** Absolute: the directory of leases. */
  readonly state: string;
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}
