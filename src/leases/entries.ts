/** Bindings as people and programs read and choose them. */
import { broadcastOf, formatIpv4, type Ipv4, inSubnet, type Range, type Subnet } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Binding } from './store.ts';
import type { LeaseTable } from './table.ts';

/** What people tell apart. An expired binding is stored as one whose time has passed. */
export const LEASE_STATES = ['bound', 'expired', 'released', 'declined'] as const;
export type LeaseState = (typeof LEASE_STATES)[number];

/** Contract: one entry of `pilotlight leases --json` and /v1/leases. */
export interface LeaseEntry {
  readonly ip: string;
  readonly mac: string;
  readonly clientId: string | null;
  readonly hostname: string | null;
  readonly state: LeaseState;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** Which bindings are wanted: all that is given must hold. */
export interface LeaseFilter {
  readonly mac?: Mac | undefined;
  readonly ip?: Ipv4 | undefined;
  readonly subnet?: Subnet | undefined;
  readonly state?: LeaseState | undefined;
}

/** Every binding of a moment, and where to find one. */
export type LeaseSource = Pick<LeaseTable, 'at' | 'addresses'>;

export function stateOf(binding: Pick<Binding, 'state' | 'expiresAt'>, now: number): LeaseState {
  return binding.state !== 'released' && binding.expiresAt <= now ? 'expired' : binding.state;
}

export function leaseEntry(binding: Binding, now: number): LeaseEntry {
  return {
    ip: formatIpv4(binding.ip),
    mac: binding.mac,
    clientId: binding.clientId ?? null,
    hostname: binding.hostname ?? null,
    state: stateOf(binding, now),
    expiresAt: new Date(binding.expiresAt).toISOString(),
  };
}

const EVERYTHING: Range = { first: 0, last: 0xffff_ffff };

/**
 * The wanted bindings, by address, made one by one as they are taken; undefined for each that was looked at in vain, so
 * that whoever searches a million can pause between them.
 */
export function* selectLeases(
  source: LeaseSource,
  filter: LeaseFilter,
  now: number,
): Iterable<LeaseEntry | undefined> {
  const { mac, ip, subnet, state } = filter;
  if (ip !== undefined && subnet !== undefined && !inSubnet(ip, subnet)) return;
  const range = subnet === undefined ? EVERYTHING : { first: subnet.network, last: broadcastOf(subnet) };
  for (const address of ip === undefined ? source.addresses(range) : [ip]) {
    const binding = source.at(address);
    const isWanted =
      binding !== undefined &&
      (mac === undefined || binding.mac === mac) &&
      (state === undefined || stateOf(binding, now) === state);
    yield isWanted ? leaseEntry(binding, now) : undefined;
  }
}
