/** The DHCP servers that a site may have already. */
import type { Dialect } from './dialect.ts';
import { dnsmasq } from './dnsmasq.ts';
import { isc } from './isc.ts';
import { kea } from './kea.ts';
import { mikrotik } from './mikrotik.ts';
import { windows } from './windows.ts';

export const DIALECTS = { dnsmasq, kea, isc, mikrotik, windows } as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof DIALECTS;
