/**
 * Which address a client gets, or why none: the rules of RFC 2131 §4.3, as pure functions of the message, the network
 * it came from and the leases there are.
 */
import type { SubnetPolicy } from '../config/model.ts';
import {
  formatIpv4,
  formatSubnet,
  hostRange,
  type Ipv4,
  inRange,
  inSubnet,
  type Subnet,
} from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { formerHoldings, isHolder, isLive } from './holder.ts';
import { isOver } from './offers.ts';
import { reusableAge } from './reuse.ts';
import type { Binding } from './store.ts';
import type { Holding, LeaseView } from './view.ts';

/** Who asks, by what identity, with what wishes. */
export interface Claim {
  readonly identity: string;
  readonly mac: Mac;
  readonly clientId?: string | undefined;
  readonly hostname?: string | undefined;
  readonly ciaddr: Ipv4;
  /** Option 50. */
  readonly requestedIp?: Ipv4 | undefined;
  /** Option 54. */
  readonly serverId?: Ipv4 | undefined;
  /** Whether it asks for a lease of some length (option 51). */
  readonly asksTime: boolean;
  /** The address that the inventory gives this machine. */
  readonly fixedIp?: Ipv4 | undefined;
}

/** Where it asks: the subnets of its link, and what this server is there. */
export interface Place {
  /** The subnet of the NIC or relay first, then those that share its link. */
  readonly subnets: readonly [SubnetPolicy, ...SubnetPolicy[]];
  /** Our own server identifier there. */
  readonly serverId: Ipv4;
  readonly authoritative: boolean;
  /** Unix milliseconds. */
  readonly now: number;
  readonly leases: LeaseView;
  /** Addresses that the inventory gives to machines: never anybody else's. */
  readonly isReserved: (ip: Ipv4) => boolean;
}

export type Allocation =
  | {
      readonly kind: 'offer';
      readonly ip: Ipv4;
      readonly policy: SubnetPolicy;
      readonly reason: string;
      /** Set when the client has no claim on it: it was drawn from the pool, or wished for. */
      readonly fresh: boolean;
      /** Seconds that its lease has been running: it is to be told what is left of it (reuse.ts). */
      readonly age?: number | undefined;
    }
  /** The lease that the client has is told again. `age` as above. */
  | {
      readonly kind: 'keep';
      readonly ip: Ipv4;
      readonly policy: SubnetPolicy;
      readonly reason: string;
      readonly age: number;
    }
  | {
      readonly kind: 'bind';
      readonly binding: Binding;
      readonly policy: SubnetPolicy;
      readonly reason: string;
      /** Set when a BOOTP client is given an address that was never its own: there is no offer before it. */
      readonly fresh?: true;
    }
  | { readonly kind: 'nak'; readonly reason: string }
  | { readonly kind: 'silence'; readonly reason: string; readonly exhausted?: Subnet }
  /** Silence that also ends our offer: the client chose another server. */
  | { readonly kind: 'withdraw'; readonly ip: Ipv4; readonly reason: string };

/**
 * The machine's fixed address where it can be had: on the network it belongs to (elsewhere the machine is a guest like
 * any other), and once nobody else's lease on it is running, which happens when it was made fixed only today.
 */
function fixedHere(claim: Claim, place: Place): Ipv4 | undefined {
  if (claim.fixedIp === undefined || policyOf(claim.fixedIp, place) === undefined) return undefined;
  const { leases, now } = place;
  const holding = leases.holdingAt(claim.fixedIp);
  const taken = holding !== undefined && isLive(holding, now) && !isHolder(claim.fixedIp, claim, leases);
  return taken ? undefined : claim.fixedIp;
}

/** The subnet of this link that an address belongs to. */
function policyOf(ip: Ipv4, place: Place): SubnetPolicy | undefined {
  return place.subnets.find(({ subnet }) => inSubnet(ip, subnet));
}

/** Whether this client may have the address: on this network, in a pool, and in nobody else's hands. */
function mayHave(ip: Ipv4, claim: Claim, place: Place): boolean {
  const { leases, now } = place;
  const policy = policyOf(ip, place);
  if (policy === undefined || !inRange(ip, hostRange(policy.subnet))) return false;
  if (!leases.inPool(ip) || place.isReserved(ip)) return false;
  const holding = leases.holdingAt(ip);
  if (holding !== undefined && isLive(holding, now)) {
    return holding.state === 'bound' && isHolder(ip, claim, leases);
  }
  const offer = leases.offerAt(ip);
  return offer === undefined || offer.identity === claim.identity || isOver(offer, now);
}

/** The client's binding on this network, live or not; of several the one touched last. */
function ownBinding(claim: Claim, place: Place): Holding | undefined {
  const { leases } = place;
  return latestHere(leases.of(claim.identity), place) ?? latestHere(formerHoldings(claim, leases), place);
}

function latestHere(holdings: readonly Holding[], place: Place): Holding | undefined {
  let latest: Holding | undefined;
  for (const each of holdings) {
    if (each.state === 'declined' || policyOf(each.ip, place) === undefined) continue;
    if (latest === undefined || each.touchedAt > latest.touchedAt) latest = each;
  }
  return latest;
}

/** The address of this link that the client holds a running lease of and may keep: it gets no second one beside it. */
function keptHere(claim: Claim, place: Place): Ipv4 | undefined {
  const own = ownBinding(claim, place);
  return own !== undefined && isLive(own, place.now) && mayHave(own.ip, claim, place) ? own.ip : undefined;
}

/** DISCOVER: RFC 2131 §4.3.1, the address to offer, in the order that the section lists. */
export function allocateForDiscover(claim: Claim, place: Place): Allocation {
  const { leases, now } = place;
  const offer = (ip: Ipv4, reason: string, fresh = false): Allocation => {
    const policy = policyOf(ip, place) ?? place.subnets[0];
    return {
      kind: 'offer',
      ip,
      policy,
      reason,
      fresh,
      age: fresh ? undefined : ageToKeep(ip, claim, policy, place),
    };
  };

  const fixed = fixedHere(claim, place);
  if (fixed !== undefined) return offer(fixed, 'its fixed address');

  const own = ownBinding(claim, place);
  if (own !== undefined && mayHave(own.ip, claim, place)) {
    return offer(own.ip, isLive(own, now) ? 'its current binding' : 'its previous address');
  }
  const offered = leases.offerOf(claim.identity);
  if (offered !== undefined && mayHave(offered.ip, claim, place))
    return offer(offered.ip, 'already offered to it');

  const wish = claim.requestedIp;
  if (wish !== undefined && mayHave(wish, claim, place)) return offer(wish, 'the address it asked for', true);

  for (const { subnet } of place.subnets) {
    const next = leases.nextFree(hostRange(subnet), place.isReserved);
    if (next !== undefined) return offer(next, 'a free address of the pool', true);
  }
  return exhausted(place);
}

function exhausted({ subnets: [{ subnet }] }: Place): Allocation {
  const reason = `no free address is left in the pools of ${formatSubnet(subnet)}`;
  return { kind: 'silence', reason, exhausted: subnet };
}

/** The end of a lease that has none: 31 December 9999. */
export const FOREVER = 253_402_214_400_000;

function bind(
  ip: Ipv4,
  claim: Claim,
  place: Place,
  reason: string,
  forever = false,
): Extract<Allocation, { kind: 'bind' }> {
  const policy = policyOf(ip, place) ?? place.subnets[0];
  const binding: Binding = {
    ip,
    identity: claim.identity,
    mac: claim.mac,
    clientId: claim.clientId,
    hostname: claim.hostname,
    state: 'bound',
    expiresAt: forever ? FOREVER : place.now + policy.leaseTime * 1000,
    touchedAt: place.now,
  };
  return { kind: 'bind', binding, policy, reason };
}

/** Seconds that the client's lease has been running, when it shall be told again; undefined: it gets a new one. */
function ageToKeep(ip: Ipv4, claim: Claim, policy: SubnetPolicy, place: Place): number | undefined {
  if (claim.asksTime) return undefined;
  const { identity, mac, hostname } = claim;
  return reusableAge({ ip, identity, mac, hostname }, policy, place.leases, place.now);
}

/** For a client that begins anew. One that renews wants a lease that ends later. */
function keepOrBind(ip: Ipv4, claim: Claim, place: Place, reason: string): Allocation {
  const policy = policyOf(ip, place) ?? place.subnets[0];
  const age = ageToKeep(ip, claim, policy, place);
  if (age === undefined) return bind(ip, claim, place, reason);
  return { kind: 'keep', ip, policy, age, reason: `${reason}, by the lease of ${age} s ago` };
}

/**
 * BOOTP (RFC 1534 §2): one request, one reply, and the address is the client's for good, since it will never renew. So
 * pool addresses are given only where the subnet says so.
 */
export function allocateForBootp(claim: Claim, place: Place): Allocation {
  const fixed = fixedHere(claim, place);
  if (fixed !== undefined) return bind(fixed, claim, place, 'its fixed address, to a BOOTP client', true);
  const open = place.subnets.filter(({ bootp }) => bootp);
  if (open.length === 0) {
    return { kind: 'silence', reason: 'a BOOTP client that has no machine entry with an ip' };
  }
  const own = ownBinding(claim, place);
  if (own !== undefined && policyOf(own.ip, place)?.bootp === true && mayHave(own.ip, claim, place)) {
    return bind(own.ip, claim, place, 'its address, to a BOOTP client', true);
  }
  const reason = 'an address of the pool, to a BOOTP client';
  const held = place.leases.offerOf(claim.identity);
  if (held !== undefined && policyOf(held.ip, place)?.bootp === true && mayHave(held.ip, claim, place)) {
    return bind(held.ip, claim, place, reason, true);
  }
  for (const { subnet } of open) {
    const next = place.leases.nextFree(hostRange(subnet), place.isReserved);
    if (next !== undefined) return { ...bind(next, claim, place, reason, true), fresh: true };
  }
  return exhausted(place);
}

/** REQUEST: RFC 2131 §4.3.2, told apart by what the client filled in (§4.3.6, table 4). */
export function allocateForRequest(claim: Claim, place: Place): Allocation {
  if (claim.serverId !== undefined) return selecting(claim, place);
  if (claim.ciaddr === 0 && claim.requestedIp !== undefined)
    return initReboot(claim.requestedIp, claim, place);
  if (claim.ciaddr !== 0) return renewing(claim.ciaddr, claim, place);
  return { kind: 'silence', reason: 'a REQUEST that names neither a server nor an address' };
}

/** SELECTING: the client answers an offer. Another server's name in it declines ours. */
function selecting(claim: Claim, place: Place): Allocation {
  const offered = place.leases.offerOf(claim.identity);
  if (claim.serverId !== place.serverId) {
    const reason = `the client chose the server ${formatIpv4(claim.serverId ?? 0)}`;
    return offered === undefined
      ? { kind: 'silence', reason }
      : { kind: 'withdraw', ip: offered.ip, reason: `${reason}, so our offer is withdrawn` };
  }
  // Some clients fill ciaddr instead of option 50 here; the address is plain either way.
  const ip = claim.requestedIp ?? (claim.ciaddr || undefined);
  if (ip === undefined) return { kind: 'nak', reason: 'the REQUEST names no address' };
  if (ip === fixedHere(claim, place)) return keepOrBind(ip, claim, place, 'takes its fixed address');
  const kept = offered?.ip === ip ? ip : (keptHere(claim, place) ?? ip);
  if (kept !== ip) return otherThan(kept, ip);
  // A client that comes after its offer ran out still gets the address while it is free (RFC 2131 §3.1 (4)).
  if (mayHave(ip, claim, place)) return keepOrBind(ip, claim, place, 'takes the offer');
  return { kind: 'nak', reason: `${formatIpv4(ip)} is not this client's to take` };
}

const otherThan = (own: Ipv4, ip: Ipv4): Allocation => ({
  kind: 'nak',
  reason: `its address is ${formatIpv4(own)}, not ${formatIpv4(ip)}`,
});

/**
 * INIT-REBOOT: the client remembers an address. On the wrong network: NAK. Unknown here: silence, since another server
 * may know it, unless we are authoritative: then the address is ours to give while it is free.
 */
function initReboot(ip: Ipv4, claim: Claim, place: Place): Allocation {
  const { authoritative } = place;
  if (policyOf(ip, place) === undefined) {
    const reason = `${formatIpv4(ip)} does not belong to this network`;
    return authoritative ? { kind: 'nak', reason } : { kind: 'silence', reason };
  }
  const own = fixedHere(claim, place) ?? ownBinding(claim, place)?.ip;
  if (own !== undefined && own !== ip) return otherThan(own, ip);
  if (own === ip && (ip === fixedHere(claim, place) || mayHave(ip, claim, place))) {
    return keepOrBind(ip, claim, place, 'keeps its address after a restart');
  }
  if (!authoritative) return { kind: 'silence', reason: 'this client is not known here' };
  if (mayHave(ip, claim, place)) return bind(ip, claim, place, 'unknown client, its address is free');
  return { kind: 'nak', reason: `${formatIpv4(ip)} is not this client's to keep` };
}

/** RENEWING and REBINDING: the client uses the address in ciaddr and wants more time. */
function renewing(ip: Ipv4, claim: Claim, place: Place): Allocation {
  if (ip === fixedHere(claim, place)) return bind(ip, claim, place, 'renews its fixed address');
  if (fixedHere(claim, place) === undefined && mayHave(ip, claim, place)) {
    if (isHolder(ip, claim, place.leases)) return bind(ip, claim, place, 'renews');
    if (!place.authoritative) return { kind: 'silence', reason: 'this client is not known here' };
    const kept = keptHere(claim, place);
    if (kept !== undefined) return otherThan(kept, ip);
    return bind(ip, claim, place, 'renews an address that was free');
  }
  const reason = `${formatIpv4(ip)} is not this client's to renew`;
  return place.authoritative ? { kind: 'nak', reason } : { kind: 'silence', reason };
}
