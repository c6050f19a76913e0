/** What becomes of the leases of another server: which are taken over, and what an operator should know of the others. */
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { FOREVER } from './allocate.ts';
import type { LeaseRecord, Place } from './formats/record.ts';
import { DECLINE_HOLD_MS } from './give-up.ts';
import type { Binding } from './store.ts';

export interface ImportSite {
  /** What the client of a record is known by here; undefined: the record does not tell one client from another. */
  readonly identityOf: (record: LeaseRecord) => string | undefined;
  /** Why this client would not keep this address here; undefined when it would. */
  readonly obstacle: (ip: Ipv4, identity: string) => string | undefined;
  /** What is stored here already. */
  readonly stored: (ip: Ipv4) => Binding | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Something that an operator should know of one record; it is imported all the same, unless `kept` says otherwise. */
export interface ImportNote {
  readonly place: Place;
  readonly message: string;
}

export interface ImportPlan {
  /** At most one for an address. */
  readonly bindings: readonly Binding[];
  /** Of those, leases that are running. The others are remembered as their clients' previous addresses. */
  readonly running: number;
  /** Addresses that are left as they are: the store knows newer. */
  readonly older: number;
  /** Addresses whose record says that nobody has them. */
  readonly nobody: number;
  /** Leases that will not last here, for reasons of this server's configuration. */
  readonly warnings: readonly ImportNote[];
  /** Leases that are not taken over, since another client has a running lease of the address here. */
  readonly conflicts: readonly ImportNote[];
}

/** Records in the order of their file. */
export function planImport(records: readonly LeaseRecord[], site: ImportSite): ImportPlan {
  const newest = new Map<Ipv4, LeaseRecord>();
  for (const record of records) newest.set(record.ip, record);
  const bindings: Binding[] = [];
  const warnings: ImportNote[] = [];
  const conflicts: ImportNote[] = [];
  let [running, older, nobody] = [0, 0, 0];
  for (const record of [...newest.values()].sort((a, b) => a.ip - b.ip)) {
    const binding = bindingOf(record, site);
    if (binding === undefined) {
      nobody++;
      continue;
    }
    const { place, ip } = record;
    const stored = site.stored(ip);
    if (stored !== undefined && isOlder(binding, stored)) {
      older++;
      continue;
    }
    if (stored !== undefined && !isSame(binding, stored) && isRunning(stored, site.now)) {
      const message = `${formatIpv4(ip)} is leased here to ${stored.identity} until ${time(stored.expiresAt)}`;
      conflicts.push({ place, message });
      continue;
    }
    const obstacle = isRunning(binding, site.now) ? site.obstacle(ip, binding.identity) : undefined;
    if (obstacle !== undefined) warnings.push({ place, message: obstacle });
    if (isRunning(binding, site.now)) running++;
    bindings.push(binding);
  }
  return { bindings, running, older, nobody, warnings, conflicts };
}

const isRunning = ({ state, expiresAt }: Binding, now: number): boolean =>
  state !== 'released' && expiresAt > now;

/** One client, by whatever name: it may have been listed in the inventory since (holder.ts). */
const isSame = (binding: Binding, stored: Binding): boolean =>
  stored.identity === binding.identity ||
  (stored.state !== 'declined' &&
    binding.state !== 'declined' &&
    stored.mac === binding.mac &&
    stored.clientId === binding.clientId);

/** The same client, heard of later here than there: a file that is imported once more changes nothing. */
const isOlder = (binding: Binding, stored: Binding): boolean =>
  isSame(binding, stored) && stored.touchedAt >= binding.touchedAt;

const time = (milliseconds: number): string => new Date(milliseconds).toISOString();

function bindingOf(record: LeaseRecord, { identityOf, now }: ImportSite): Binding | undefined {
  const { ip, mac, clientId, hostname, state, expiresAt, touchedAt } = record;
  if (state === 'nobody') return undefined;
  if (state === 'declined') {
    // A file that knows no end leaves the address out for as long as a DECLINE does here.
    const end = expiresAt >= FOREVER ? now + DECLINE_HOLD_MS : expiresAt;
    return end > now ? { ip, identity: 'declined', mac, state, expiresAt: end, touchedAt } : undefined;
  }
  const identity = identityOf(record);
  if (identity === undefined) return undefined;
  return { ip, identity, mac, clientId, hostname, state, expiresAt, touchedAt };
}
