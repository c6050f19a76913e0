/**
 * The decision about one message: a pure function of its facts and the world at that moment. The same function serves
 * the wire, `explain` and the tests inside profiles.
 */
import type { Facts } from '../boot/facts.ts';
import { type BootPlan, planBoot } from '../boot/plan.ts';
import { type Selection, selectProfile } from '../boot/select.ts';
import type { SubnetPolicy } from '../config/model.ts';
import { OPTION } from '../dhcp/codes.ts';
import { PXE_PORT } from '../dhcp/destination.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import {
  type Allocation,
  allocateForDiscover,
  allocateForRequest,
  declineBinding,
  type Place,
  releaseBinding,
} from '../leases/allocate.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { type Decision, type IgnoreCode, type Reply, urlsOf, type World } from './decision.ts';
import { claimOf, leaseOptions, reservedBy, subnetFor, subnetOptions } from './network.ts';
import { addBootOptions, type Role } from './pxe.ts';

/** How long an offered address is held for its client. A UEFI client may answer 4 s after the OFFER (peers U7). */
export const OFFER_HOLD_MS = 30_000;

/** Options that go out whether or not the client asked for them: it could not work, or not boot, without. */
const ALWAYS: ReadonlySet<number> = new Set<number>([
  OPTION.LEASE_TIME,
  OPTION.VENDOR_OPTIONS,
  OPTION.VENDOR_CLASS,
  OPTION.TFTP_SERVER_NAME,
  OPTION.BOOT_FILE,
  OPTION.CLIENT_UUID,
  OPTION.IPXE,
  OPTION.MESSAGE,
]);

/** The facts, and the one option that is echoed without being understood. */
export interface Question {
  readonly facts: Facts;
  /** Option 97 as it came. */
  readonly uuid: Uint8Array | undefined;
}

const ignore = (code: IgnoreCode, reason: string, more: Partial<Decision> = {}): Decision => ({
  ...(more as object),
  kind: 'ignore',
  code,
  reason,
});

/** Decides what to answer. Changes nothing: the caller commits `change`, then sends. */
export function decide(question: Question, world: World): Decision {
  const { facts } = question;
  if (facts.message === 'OFFER' || facts.message === 'ACK' || facts.message === 'NAK') {
    return ignore('NOT_A_CLIENT', `${facts.message} is what servers send`);
  }
  const serverId = world.serverAddress ?? facts.arrival.localAddress;
  if (serverId === 0) return ignore('NO_ADDRESS', `${facts.arrival.nic} has no IPv4 address to answer with`);
  const selection = selectProfile(facts, world.inventory);
  if (facts.arrival.port === PXE_PORT) return decideProxy(question, world, selection, serverId, 'port4011');
  if (world.policy.mode === 'full') return decideFull(question, world, selection, serverId);
  return decideProxy(question, world, selection, serverId, 'proxy');
}

interface Boot {
  readonly question: Question;
  readonly selection: Selection;
  readonly plan: BootPlan;
  readonly role: Role;
  readonly serverId: Ipv4;
}

function planFor(facts: Facts, world: World, { profile, reason }: Selection, serverId: Ipv4): BootPlan {
  return profile === undefined ? { reason } : planBoot(facts, profile, urlsOf(world, serverId));
}

/** Profile options, then boot options: over the subnet's own. */
function bootOptions(base: Map<number, Uint8Array>, boot: Boot): Map<number, Uint8Array> {
  const { facts, uuid } = boot.question;
  const { profile } = boot.selection;
  for (const [code, bytes] of profile?.options ?? []) base.set(code, bytes);
  addBootOptions(base, { facts, profile, plan: boot.plan, role: boot.role, serverId: boot.serverId, uuid });
  return base;
}

/** Beside the site's own DHCP server: only who boots from the network is answered, and only about booting. */
function decideProxy(
  question: Question,
  world: World,
  selection: Selection,
  serverId: Ipv4,
  role: 'proxy' | 'port4011',
): Decision {
  const { facts } = question;
  const profile = selection.profile?.name;
  if (facts.stage === 'other') return ignore('NOT_BOOTING', 'not a network boot', { profile });
  const wanted = role === 'proxy' ? facts.message === 'DISCOVER' : facts.message !== 'BOOTP';
  if (!wanted) return ignore('NOT_OURS', `a ${facts.message} for the DHCP server beside us`, { profile });
  const plan = planFor(facts, world, selection, serverId);
  if (plan.bootFile === undefined) return ignore('NOTHING_TO_BOOT', plan.reason, { profile });
  const options = bootOptions(new Map(), { question, selection, plan, role, serverId });
  return {
    kind: 'reply',
    type: facts.message === 'DISCOVER' ? 'OFFER' : 'ACK',
    yiaddr: 0,
    siaddr: serverId,
    serverId,
    bootFile: plan.bootFile,
    options,
    // A proxy's reply is small and all of it matters.
    always: new Set(options.keys()),
    profile,
    reason: `${plan.reason}; profile: ${selection.reason}`,
  };
}

/** As the network's own DHCP server. */
function decideFull(question: Question, world: World, selection: Selection, serverId: Ipv4): Decision {
  const { facts } = question;
  const policy = subnetFor(facts, world.policy);
  if (policy === undefined) {
    const via = facts.relay?.giaddr
      ? `the relay ${formatIpv4(facts.relay.giaddr)}`
      : formatIpv4(facts.arrival.localAddress);
    return ignore('NO_SUBNET', `no entry of dhcp.subnets holds ${via}`);
  }
  const place: Place = {
    policy,
    serverId,
    authoritative: world.policy.authoritative,
    now: world.now,
    leases: world.leases,
    isReserved: reservedBy(world.inventory.machines.byIp),
  };
  const claim = claimOf(facts, selection.machine);
  const profile = selection.profile?.name;
  switch (facts.message) {
    case 'DISCOVER':
      return answer(allocateForDiscover(claim, place), question, world, selection, place);
    case 'REQUEST':
      return answer(allocateForRequest(claim, place), question, world, selection, place);
    case 'DECLINE': {
      const binding = declineBinding(claim, place);
      if (binding === undefined)
        return ignore('DONE', 'DECLINE of an address that it does not hold', { profile });
      const reason = `${formatIpv4(binding.ip)} is in use by somebody else: kept out of the pool for a day`;
      return ignore('DONE', reason, { profile, change: { kind: 'bind', binding } });
    }
    case 'RELEASE': {
      const binding = releaseBinding(claim, place);
      if (binding === undefined)
        return ignore('DONE', 'RELEASE of an address that it does not hold', { profile });
      const reason = `gave back ${formatIpv4(binding.ip)}`;
      return ignore('DONE', reason, { profile, change: { kind: 'bind', binding } });
    }
    case 'INFORM':
      return informed(question, world, selection, policy, serverId);
    default:
      return ignore('NOT_OURS', 'BOOTP clients are not served', { profile });
  }
}

/** INFORM: parameters only, no lease time and no yiaddr (RFC 2131 §4.3.5). */
function informed(
  question: Question,
  world: World,
  selection: Selection,
  policy: SubnetPolicy,
  serverId: Ipv4,
): Reply {
  const plan = planFor(question.facts, world, selection, serverId);
  return {
    kind: 'reply',
    type: 'ACK',
    yiaddr: 0,
    siaddr: plan.bootFile === undefined ? 0 : serverId,
    serverId,
    bootFile: plan.bootFile,
    options: bootOptions(subnetOptions(policy), { question, selection, plan, role: 'full', serverId }),
    always: ALWAYS,
    profile: selection.profile?.name,
    reason: `parameters for a client that has its address; ${plan.reason}`,
  };
}

/** An allocation as a decision. */
function answer(
  allocation: Allocation,
  question: Question,
  world: World,
  selection: Selection,
  place: Place,
): Decision {
  const { serverId } = place;
  const profile = selection.profile?.name;
  switch (allocation.kind) {
    case 'silence':
      return ignore(allocation.exhausted === true ? 'POOL_EXHAUSTED' : 'UNKNOWN_CLIENT', allocation.reason, {
        profile,
      });
    case 'withdraw':
      return ignore('NOT_OURS', allocation.reason, {
        profile,
        change: { kind: 'withdraw', ip: allocation.ip },
      });
    case 'nak': {
      const options = new Map([[OPTION.MESSAGE, bytesOf(allocation.reason)]]);
      return {
        kind: 'reply',
        type: 'NAK',
        yiaddr: 0,
        siaddr: 0,
        serverId,
        options,
        always: ALWAYS,
        profile,
        reason: allocation.reason,
      };
    }
    case 'offer':
    case 'bind': {
      const offered = allocation.kind === 'offer';
      const ip = offered ? allocation.ip : allocation.binding.ip;
      const plan = planFor(question.facts, world, selection, serverId);
      const base = subnetOptions(place.policy);
      for (const [code, bytes] of leaseOptions(place.policy.leaseTime)) base.set(code, bytes);
      const identity = claimOf(question.facts, selection.machine).identity;
      return {
        kind: 'reply',
        type: offered ? 'OFFER' : 'ACK',
        yiaddr: ip,
        siaddr: plan.bootFile === undefined ? 0 : serverId,
        serverId,
        bootFile: plan.bootFile,
        options: bootOptions(base, { question, selection, plan, role: 'full', serverId }),
        always: ALWAYS,
        change: offered
          ? { kind: 'offer', offer: { ip, identity, expiresAt: world.now + OFFER_HOLD_MS } }
          : { kind: 'bind', binding: allocation.binding },
        profile,
        reason: `${allocation.reason}; ${plan.reason}`,
      };
    }
  }
}
