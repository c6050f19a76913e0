/** Bindings as people and programs read them, and the table that `explain` asks while no server runs. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/model.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { readBindings } from '../leases/sqlite.ts';
import type { Binding } from '../leases/store.ts';
import { createLeaseTable, type LeaseTable } from '../leases/table.ts';
import { formatIpv4 } from '../values/ipv4.ts';

/** Contract: one entry of `pilotlight leases --json` and /v1/leases. */
export interface LeaseEntry {
  readonly ip: string;
  readonly mac: string;
  readonly clientId: string | null;
  readonly hostname: string | null;
  /** bound, expired, released or declined. */
  readonly state: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** An expired binding is stored as a bound one whose time has passed; people want to read the difference. */
export function stateOf(binding: Binding, now: number): string {
  return binding.state === 'bound' && binding.expiresAt <= now ? 'expired' : binding.state;
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

/** The stored bindings of a configuration, by address; none when there was never a lease. Throws StoreUnavailable. */
export function storedBindings(config: Config): readonly Binding[] {
  return existsSync(leaseFile(config.state)) ? readBindings(config.state) : [];
}

/** A table as a server started now would have it. */
export function leaseTableOf(config: Config): LeaseTable {
  const pools = config.dhcp.subnets.flatMap((subnet) => subnet.pools);
  const table = createLeaseTable(pools);
  if (config.dhcp.mode !== 'full') return table;
  const now = Date.now();
  for (const binding of storedBindings(config)) table.load(binding, now);
  table.setPools(pools);
  return table;
}
