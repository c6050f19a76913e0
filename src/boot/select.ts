/** Which profile a client gets: the one its machine names, else the first in the inventory's order that matches. */
import type { Inventory, Machine, Match, Profile } from '../profiles/model.ts';
import { formatIpv4, formatSubnet, type Ipv4, inSubnet } from '../values/ipv4.ts';
import type { Facts } from './facts.ts';
import { anyGlobMatches } from './glob.ts';

/** Why a profile was or was not taken, as `explain` prints it (contract: profile, matched, reason). */
export interface Reason {
  readonly profile: string;
  readonly matched: boolean;
  readonly reason: string;
}

export interface Selection {
  readonly machine: Machine | undefined;
  readonly profile: Profile | undefined;
  /** One sentence for the log. */
  readonly reason: string;
}

/** The inventory's machine for these facts: by MAC, else by UUID (a board may have a NIC that nobody listed). */
export function findMachine(
  facts: Pick<Facts, 'mac' | 'uuid' | 'uuidAsSent'>,
  { machines }: Inventory,
): Machine | undefined {
  const byMac = machines.byMac.get(facts.mac);
  if (byMac !== undefined || facts.uuid === undefined) return byMac;
  return machines.byUuid.get(facts.uuid) ?? machines.byUuid.get(facts.uuidAsSent ?? facts.uuid);
}

/** The address by which `match.subnet` places a client: its relay's, its own, or ours on the NIC that heard it. */
export function linkAddress(facts: Facts): Ipv4 {
  const { relay } = facts;
  return relay?.linkSelection || relay?.giaddr || facts.ciaddr || facts.arrival.localAddress;
}

type KeyCheck = (
  match: Match,
  facts: Facts,
) => { readonly holds: boolean; readonly told: string } | undefined;

function globCheck(key: string, patterns: readonly string[] | undefined, value: string | undefined) {
  if (patterns === undefined) return undefined;
  const holds = value !== undefined && anyGlobMatches(patterns, value);
  const told = value === undefined ? `the client sent no ${key}` : `${key} ${value}`;
  return { holds, told: holds ? told : `${told} is not ${patterns.join(' or ')}` };
}

/** One row a `match:` key, in the order in which `explain` tells them. */
const CHECKS: readonly KeyCheck[] = [
  (match, facts) => globCheck('mac', match.mac, facts.mac),
  (match, facts) => {
    if (match.arch === undefined) return undefined;
    const holds = match.arch.some((wanted) =>
      typeof wanted === 'number' ? wanted === facts.archCode : wanted === facts.arch,
    );
    const told =
      facts.archCode === undefined ? 'the client named no arch' : `arch ${facts.arch ?? facts.archCode}`;
    return { holds, told: holds ? told : `${told} is not ${match.arch.join(' or ')}` };
  },
  (match, facts) => {
    if (match.uuid === undefined) return undefined;
    const holds = [facts.uuid, facts.uuidAsSent].some(
      (uuid) => uuid !== undefined && match.uuid?.includes(uuid) === true,
    );
    const told = facts.uuid === undefined ? 'the client sent no uuid' : `uuid ${facts.uuid}`;
    return { holds, told: holds ? told : `${told} is not ${match.uuid.join(' or ')}` };
  },
  (match, facts) => globCheck('vendorClass', match.vendorClass, facts.vendorClass),
  (match, facts) => {
    if (match.userClass === undefined) return undefined;
    const patterns = match.userClass;
    const holder = facts.userClasses.find((userClass) => anyGlobMatches(patterns, userClass));
    return globCheck('userClass', patterns, holder ?? facts.userClasses[0]);
  },
  (match, facts) => {
    if (match.subnet === undefined) return undefined;
    const where = linkAddress(facts);
    const holds = match.subnet.some((subnet) => inSubnet(where, subnet));
    const told = `link address ${formatIpv4(where)}`;
    return { holds, told: holds ? told : `${told} is not in ${match.subnet.map(formatSubnet).join(' or ')}` };
  },
  (match, facts) => globCheck('relay circuitId', match.relay?.circuitId, facts.relay?.circuitId),
  (match, facts) => globCheck('relay remoteId', match.relay?.remoteId, facts.relay?.remoteId),
];

/** Tries one profile's match: every key has to hold. The reason names what decided. */
export function tryMatch(match: Match, facts: Facts): { readonly matched: boolean; readonly reason: string } {
  const held: string[] = [];
  for (const check of CHECKS) {
    const outcome = check(match, facts);
    if (outcome === undefined) continue;
    if (!outcome.holds) return { matched: false, reason: outcome.told };
    held.push(outcome.told);
  }
  return { matched: true, reason: held.length === 0 ? 'matches every client' : held.join(', ') };
}

/** Chooses a profile. Called once a message. */
export function selectProfile(facts: Facts, inventory: Inventory): Selection {
  const machine = findMachine(facts, inventory);
  if (machine?.profile !== undefined) {
    const named = inventory.profiles.find((profile) => profile.name === machine.profile);
    if (named !== undefined) return { machine, profile: named, reason: 'named by its machine' };
  }
  for (const profile of inventory.profiles) {
    const { matched, reason } = tryMatch(profile.match, facts);
    if (matched) return { machine, profile, reason };
  }
  return {
    machine,
    profile: undefined,
    reason: inventory.profiles.length === 0 ? 'there are no profiles' : 'no profile matches',
  };
}

/** The same choice rule by rule, every profile told: for `explain`. */
export function explainSelection(facts: Facts, inventory: Inventory): readonly Reason[] {
  const { profile: chosen, machine } = selectProfile(facts, inventory);
  return inventory.profiles.map((profile) => {
    const own = tryMatch(profile.match, facts);
    if (profile === chosen) {
      const reason = machine?.profile === profile.name ? 'named by its machine' : own.reason;
      return { profile: profile.name, matched: true, reason };
    }
    if (!own.matched) return { profile: profile.name, matched: false, reason: own.reason };
    const why =
      machine?.profile === undefined
        ? `it would match (${own.reason}), but ${chosen?.name} comes first`
        : `it would match (${own.reason}), but its machine names ${machine.profile}`;
    return { profile: profile.name, matched: false, reason: why };
  });
}

/** The same choice for a machine that loops: what its profile says for that case, where it says anything. */
export function whileLooping(selection: Selection): Selection {
  const { profile, reason } = selection;
  if (profile?.onLoop === undefined) return selection;
  return {
    ...selection,
    profile: { ...profile, boot: profile.onLoop },
    reason: `${reason}, and boot.onLoop`,
  };
}
