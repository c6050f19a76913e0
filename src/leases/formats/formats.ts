/** The lease files that can be imported, and how to tell one from the other. */
import { readDnsmasq } from './dnsmasq.ts';
import { readIsc } from './isc.ts';
import { readKea } from './kea.ts';
import type { LeaseRecords } from './record.ts';

export const LEASE_FORMATS = ['isc', 'kea-csv', 'dnsmasq'] as const;
export type LeaseFormat = (typeof LEASE_FORMATS)[number];

const READERS: Readonly<Record<LeaseFormat, (text: string, now: number) => LeaseRecords>> = {
  isc: readIsc,
  'kea-csv': readKea,
  dnsmasq: readDnsmasq,
};

/** Editors of some systems put a byte order mark before UTF-8. */
const unmarked = (text: string): string => text.replace(/^\ufeff/, '');

/** Reads a whole file. Never throws; what is wrong in it is told, with its place. `now` in Unix milliseconds. */
export function readLeaseFile(format: LeaseFormat, text: string, now: number): LeaseRecords {
  return READERS[format](unmarked(text), now);
}

/** By what only one of them has: Kea's header, dnsmasq's numbers at the beginning of a line, ISC's blocks. */
export function recognise(text: string): LeaseFormat | undefined {
  if (/^address,hwaddr,client_id,/.test(unmarked(text))) return 'kea-csv';
  if (/^\s*(?:\d+\s+\S+\s+\d+\.\d+\.\d+\.\d+\s|duid\s)/.test(text)) return 'dnsmasq';
  return /^\s*(?:lease\s|server-duid\s|authoring-byte-order\s|failover\s|host\s|ia-)/m.test(text)
    ? 'isc'
    : undefined;
}
