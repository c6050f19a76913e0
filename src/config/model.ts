/** pilotlight.yaml after checking: every default applied, every path absolute, every value in its final type. */
import type { Ipv4, Range, Subnet } from '../values/ipv4.ts';

export type Mode = 'full' | 'proxy' | 'off';
export type ConflictCheck = 'arp' | 'icmp' | 'off';

/** DHCP options as an author set them: code → wire bytes, checked and encoded at load. */
export type OptionSet = ReadonlyMap<number, Uint8Array>;

/** One `dhcp.subnets` entry: full mode only. */
export interface SubnetPolicy {
  readonly subnet: Subnet;
  readonly pools: readonly Range[];
  /** `router`, `dns`, `domain` and `options` of the entry, all as option bytes. */
  readonly options: OptionSet;
  /** Seconds. */
  readonly leaseTime: number;
}

export interface DhcpPolicy {
  readonly mode: Mode;
  readonly authoritative: boolean;
  readonly conflictCheck: ConflictCheck;
  readonly subnets: readonly SubnetPolicy[];
}

export interface TftpPolicy {
  /** Absolute; need not exist yet. */
  readonly root: string;
  /** Further read-only roots, absolute, tried in order after `root`. */
  readonly search: readonly string[];
  /** 0: any free port. 69: transfers on the port of the request. */
  readonly transferPort: number;
}

export interface Config {
  /** The file this came from; undefined when defaults serve. */
  readonly file: string | undefined;
  /** NIC names; undefined: every NIC that is up and is no loopback (never in full mode). */
  readonly interfaces: readonly string[] | undefined;
  /** What clients are told; undefined: the address of the NIC the packet came in on. */
  readonly serverAddress: Ipv4 | undefined;
  readonly dhcp: DhcpPolicy;
  readonly tftp: TftpPolicy;
  /** 0: any free port (for tests). */
  readonly http: { readonly port: number };
  /** Absolute: a directory. */
  readonly profiles: string;
  /** Absolute: a directory or one file. */
  readonly machines: string;
  /** Absolute: the directory of leases. */
  readonly state: string;
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}
