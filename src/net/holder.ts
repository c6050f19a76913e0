/** Who holds a port: the first question of whoever reads "address already in use". */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process with a socket on the port. */
export interface Holder {
  readonly pid: number;
  /** Its short name: `dnsmasq`. */
  readonly command: string;
}

/** Sockets as /proc/net lists them. An IPv6 socket may hold a port over IPv4 too, and never the other way round. */
const TABLES = {
  udp: ['udp', 'udp6'],
  udp6: ['udp6'],
  tcp: ['tcp', 'tcp6'],
} as const;

/**
 * The processes that have a UDP socket, or a listening TCP socket, on this port in our network namespace, on whatever
 * NIC: /proc does not tell to which one a socket is bound. Empty when they run in a PID namespace that we cannot see
 * into, or belong to another user and we are not root.
 */
export function findHolders(port: number, protocol: keyof typeof TABLES = 'udp'): readonly Holder[] {
  const inodes = new Set(TABLES[protocol].flatMap((table) => inodesOn(table, port)));
  if (inodes.size === 0) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && hasSocket(entry, inodes))
    .map((pid) => ({ pid: Number(pid), command: read(`/proc/${pid}/comm`).trim() }));
}

/** Whether anybody has a UDP socket on this port in our network namespace, on whatever NIC, seen by us or not. */
export function isHeld(port: number): boolean {
  return TABLES.udp.some((table) => inodesOn(table, port).length > 0);
}

/** TCP_LISTEN as the `st` column has it: connections have local ports too, and hold none. */
const LISTENING = '0A';

/** Socket inodes whose local port is this one. A row: `sl local:PORT remote:PORT st tx:rx tr:tm retr uid timeout inode …`. */
function inodesOn(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const line of read(`/proc/net/${table}`).split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[9];
    if (table.startsWith('tcp') && columns[3] !== LISTENING) continue;
    if (inode !== undefined && columns[1]?.endsWith(suffix)) inodes.push(inode);
  }
  return inodes;
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

// Processes end and descriptors close while we look, and some are not ours to see: what cannot be read holds nothing.

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
