/** What becomes of an address that its client gives up: by DECLINE, since somebody else uses it, or by RELEASE (RFC 2131 §4.3.3, §4.3.4). */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Claim, Place } from './allocate.ts';
import { hasLease, isLive } from './holder.ts';
import type { Binding } from './store.ts';

type Moment = Pick<Place, 'leases' | 'now'>;

/** How long a declined address stays out of its pool. RFC 2131 gives no figure; a day lets an administrator find the culprit. */
export const DECLINE_HOLD_MS = 24 * 3600 * 1000;

/**
 * A client that declines more addresses than these within that time is the fault itself: its link answers ARP for
 * everybody, or it means harm. It waits ten seconds before it asks anew (§3.1 (5)), so what it declines for five minutes
 * each is thirty addresses at most, where it would empty the pool for a day.
 */
const TRUSTED_DECLINES = 8;
const DOUBTED_HOLD_MS = 5 * 60 * 1000;

/** DECLINE: somebody else uses the address (RFC 2131 §4.3.3). Undefined when it is not this client's to decline. */
export function declineBinding(claim: Claim, place: Moment): Binding | undefined {
  const ip = claim.requestedIp;
  if (ip === undefined) return undefined;
  if (!hasLease(ip, claim, place) && place.leases.offerAt(ip)?.identity !== claim.identity) return undefined;
  const identity = `declined by ${claim.mac || claim.identity}`;
  const others = place.leases.of(identity).filter((each) => each.ip !== ip && isLive(each, place.now));
  const hold = others.length < TRUSTED_DECLINES ? DECLINE_HOLD_MS : DOUBTED_HOLD_MS;
  return { ...keptOut(ip, claim.mac, place.now), identity, expiresAt: place.now + hold };
}

/** An address that somebody uses without a lease. `mac`: who told of it, or who it is. */
export function keptOut(ip: Ipv4, mac: Mac, now: number): Binding {
  return {
    ip,
    identity: 'declined',
    mac,
    state: 'declined',
    expiresAt: now + DECLINE_HOLD_MS,
    touchedAt: now,
  };
}

/** RELEASE: the address is free again, the client remembered (RFC 2131 §4.3.4). */
export function releaseBinding(claim: Claim, place: Moment): Binding | undefined {
  const binding = hasLease(claim.ciaddr, claim, place) ? place.leases.at(claim.ciaddr) : undefined;
  if (binding === undefined) return undefined;
  return { ...binding, state: 'released', expiresAt: place.now, touchedAt: place.now };
}
