/** As the network's own DHCP server: an address, the options of its subnet, and what to boot. */
import { type BootPlan, namesHost } from '../boot/plan.ts';
import type { OptionSet, SubnetPolicy } from '../config/model.ts';
import { OPTION } from '../dhcp/codes.ts';
import { leaseTimeOptions } from '../dhcp/lease-times.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import {
  type Allocation,
  allocateForBootp,
  allocateForDiscover,
  allocateForRequest,
  type Claim,
  type Place,
} from '../leases/allocate.ts';
import { DECLINE_HOLD_MS, declineBinding, releaseBinding } from '../leases/give-up.ts';
import { hasLease } from '../leases/holder.ts';
import { timesLeft } from '../leases/reuse.ts';
import { formatIpv4, hostRange, type Ipv4, inSubnet } from '../values/ipv4.ts';
import { type Asked, alwaysSent, ignore, nextServer, planFor, withNearerOptions } from './asked.ts';
import type { Decision, LeaseChange, Reply } from './decision.ts';
import { claimOf, linkOf, NOBODY, reservedBy, subnetsFor } from './network.ts';

/** How long an offered address is held for its client. A UEFI client may answer 4 s after the OFFER (peers U7). */
export const OFFER_HOLD_MS = 30_000;

/** Options that go out whether or not the client asked for them: it could not work, or not boot, without. */
const ALWAYS: ReadonlySet<number> = new Set<number>([
  OPTION.LEASE_TIME,
  // Few clients ask for T1 and T2, and heed them all the same; an operator's renewTime is for all (dnsmasq does so too).
  OPTION.RENEWAL_TIME,
  OPTION.REBINDING_TIME,
  OPTION.VENDOR_OPTIONS,
  OPTION.VENDOR_CLASS,
  OPTION.TFTP_SERVER_NAME,
  OPTION.BOOT_FILE,
  OPTION.CLIENT_UUID,
  OPTION.IPXE,
  OPTION.MESSAGE,
]);

/** The same, and whom to ask for the host of the boot file's URL: EDK2 drops an offer that leaves that out (HttpBootDhcp4.c). */
const ALWAYS_WITH_NAMES: ReadonlySet<number> = new Set([...ALWAYS, OPTION.DOMAIN_NAME_SERVERS]);

const alwaysFor = ({ bootFile }: BootPlan): ReadonlySet<number> =>
  bootFile !== undefined && namesHost(bootFile) ? ALWAYS_WITH_NAMES : ALWAYS;

/** The decision of full mode about any client message. */
export function decideFull(asked: Asked): Decision {
  const { question, world, selection, serverId } = asked;
  const { facts } = question;
  const subnets = subnetsFor(facts, world.policy);
  if (subnets === undefined) {
    return ignore(asked, 'NO_SUBNET', `no entry of dhcp.subnets holds ${formatIpv4(linkOf(facts))}`);
  }
  const place: Place = {
    subnets,
    serverId,
    authoritative: world.policy.authoritative,
    now: world.now,
    leases: world.leases,
    isReserved: reservedBy(world, asked.address, facts.arrival.localAddress),
  };
  const claim = claimOf(facts, selection.machine, subnets[0].clientIdentity);
  if (claim.identity === NOBODY) {
    return ignore(asked, 'NO_IDENTITY', 'it has neither a hardware address nor a client identifier');
  }
  switch (facts.message) {
    case 'DISCOVER':
      return answer(asked, claim, place, allocateForDiscover(claim, place));
    case 'REQUEST':
      return answer(asked, claim, place, allocateForRequest(claim, place));
    case 'BOOTP':
      return answer(asked, claim, place, allocateForBootp(claim, place));
    case 'DECLINE':
      return declined(asked, claim, place);
    case 'RELEASE':
      return released(asked, claim, place);
    case 'INFORM':
      return informed(asked, subnets.find(({ subnet }) => inSubnet(facts.ciaddr, subnet)) ?? subnets[0]);
    default:
      return ignore(asked, 'NOT_A_CLIENT', `${facts.message} is what servers send`);
  }
}

/** DECLINE and RELEASE MUST name the server whose address they give up (RFC 2131 table 5). Who names none means us. */
function isForAnother({ serverId }: Claim, place: Place): boolean {
  return serverId !== undefined && serverId !== place.serverId;
}

function declined(asked: Asked, claim: Claim, place: Place): Decision {
  if (isForAnother(claim, place)) return ignore(asked, 'NOT_OURS', 'a DECLINE that names another server');
  const binding = declineBinding(claim, place);
  if (binding === undefined) return ignore(asked, 'DONE', 'DECLINE of an address that it does not hold');
  const trusted = binding.expiresAt - place.now >= DECLINE_HOLD_MS;
  const time = trusted ? 'a day' : 'five minutes only, since this client declines address after address';
  const reason = `${formatIpv4(binding.ip)} is in use by somebody else: kept out of the pool for ${time}`;
  return ignore(asked, 'DECLINED', reason, { kind: 'bind', binding });
}

function released(asked: Asked, claim: Claim, place: Place): Decision {
  if (isForAnother(claim, place)) return ignore(asked, 'NOT_OURS', 'a RELEASE that names another server');
  const binding = releaseBinding(claim, place);
  if (binding === undefined) return ignore(asked, 'DONE', 'RELEASE of an address that it does not hold');
  return ignore(asked, 'DONE', `gave back ${formatIpv4(binding.ip)}`, { kind: 'bind', binding });
}

/** INFORM: parameters only, no lease time and no yiaddr (RFC 2131 §4.3.5). */
function informed(asked: Asked, policy: SubnetPolicy): Reply {
  const plan = planFor(asked);
  return {
    kind: 'reply',
    type: 'ACK',
    yiaddr: 0,
    siaddr: nextServer(asked, plan),
    address: asked.address,
    serverId: asked.serverId,
    bootFile: plan.bootFile,
    options: withNearerOptions(policy.options, asked, plan, 'full'),
    always: alwaysSent(asked, alwaysFor(plan)),
    profile: asked.selection.profile?.name,
    reason: `parameters for a client that has its address; ${plan.reason}`,
  };
}

/** Whether one more offer of a pool address would leave too few for clients that mean it: a flood holds half at most. */
function offersExhausted({ world }: Asked, { subnets }: Place): boolean {
  let waiting = 0;
  let addresses = 0;
  for (const { subnet, pools } of subnets) {
    waiting += world.leases.offersIn(hostRange(subnet));
    for (const { first, last } of pools) addresses += last - first + 1;
  }
  return waiting >= Math.min(world.limits.offers, Math.ceil(addresses / 2));
}

/** An allocation as a decision. */
function answer(asked: Asked, claim: Claim, place: Place, allocation: Allocation): Decision {
  const { address, serverId, selection, world } = asked;
  switch (allocation.kind) {
    case 'silence':
      if (allocation.exhausted === undefined) return ignore(asked, 'UNKNOWN_CLIENT', allocation.reason);
      return { ...ignore(asked, 'POOL_EXHAUSTED', allocation.reason), subnet: allocation.exhausted };
    case 'withdraw':
      return ignore(asked, 'NOT_OURS', allocation.reason, { kind: 'withdraw', ip: allocation.ip });
    case 'nak': {
      const { reason } = allocation;
      const options = new Map([[OPTION.MESSAGE, bytesOf(reason)]]);
      const profile = selection.profile?.name;
      return {
        kind: 'reply',
        type: 'NAK',
        yiaddr: 0,
        siaddr: 0,
        address,
        serverId,
        options,
        always: ALWAYS,
        profile,
        reason,
      };
    }
    case 'offer': {
      const { ip, policy, reason, fresh, age } = allocation;
      if (fresh && offersExhausted(asked, place)) {
        return ignore(asked, 'OFFERS_LIMITED', 'too many offers wait for their clients (limits.offers)');
      }
      // Another server may be able to: a client that took our offer would wait for its ACK in vain.
      if (world.storeFault !== undefined && !hasLease(ip, claim, place)) {
        return ignore(asked, 'STORE_FAILED', `its lease could not be stored: ${world.storeFault}`);
      }
      const offer = {
        ip,
        identity: claim.identity,
        since: place.now,
        expiresAt: place.now + (asked.quirks.adjust.offerHold ?? OFFER_HOLD_MS),
      };
      return granted(asked, { policy, type: 'OFFER', ip, reason, age }, { kind: 'offer', offer, fresh });
    }
    case 'keep': {
      const { ip, policy, reason, age } = allocation;
      return granted(asked, { policy, type: 'ACK', ip, reason, age }, { kind: 'withdraw', ip });
    }
    case 'bind': {
      const type = asked.question.facts.message === 'BOOTP' ? undefined : 'ACK';
      const { binding, policy, reason, fresh = false } = allocation;
      return granted(asked, { policy, type, ip: binding.ip, reason }, { kind: 'bind', binding, fresh });
    }
  }
}

/** An address that is told to a client. */
interface Grant {
  readonly policy: SubnetPolicy;
  /** Undefined: to a BOOTP client. */
  readonly type: 'OFFER' | 'ACK' | undefined;
  readonly ip: Ipv4;
  readonly reason: string;
  /** Seconds that the lease has been running; undefined: it begins now. */
  readonly age?: number | undefined;
}

/** What goes with an address on its subnet. */
function leaseOptions({ policy, age }: Grant): OptionSet {
  if (age === undefined) return policy.leaseOptions;
  return new Map([...policy.leaseOptions, ...leaseTimeOptions(timesLeft(policy, age))]);
}

/** The reply that carries an address. */
function granted(asked: Asked, grant: Grant, change: LeaseChange): Reply {
  const { type, ip, reason } = grant;
  const plan = planFor(asked);
  const options = withNearerOptions(leaseOptions(grant), asked, plan, 'full');
  const always = alwaysFor(plan);
  const unresolved = always === ALWAYS_WITH_NAMES && !options.has(OPTION.DOMAIN_NAME_SERVERS);
  return {
    kind: 'reply',
    type,
    yiaddr: ip,
    siaddr: nextServer(asked, plan),
    address: asked.address,
    serverId: asked.serverId,
    bootFile: plan.bootFile,
    options,
    always: alwaysSent(asked, always),
    change,
    profile: asked.selection.profile?.name,
    reason: `${reason}; ${plan.reason}${unresolved ? ', by a URL with a name although the subnet has no dns' : ''}`,
  };
}
