/** The order in which profiles are tried. */
import type { Match, Profile } from './model.ts';

/** Above any number of other keys. */
const IDENTITY_WEIGHT = 100;

/**
 * How narrowly a match picks its clients; higher is narrower. Each key that is present counts 1 (`relay` counts its
 * circuitId and its remoteId), however long its list. A key that names machines one by one counts 100 more: `uuid`,
 * and `mac` when no entry is a glob. So a profile for certain machines goes before any for a kind of machine, and
 * among those the one with more conditions goes first. No match at all: 0.
 */
export function specificity(match: Match): number {
  const { mac, uuid, arch, vendorClass, userClass, subnet, relay } = match;
  const keys = [mac, uuid, arch, vendorClass, userClass, subnet, relay?.circuitId, relay?.remoteId];
  const present = keys.filter((key) => key !== undefined).length;
  const exactMac = mac?.every((entry) => !/[*?]/.test(entry)) === true;
  const identities = Number(exactMac) + Number(uuid !== undefined);
  return present + IDENTITY_WEIGHT * identities;
}

/** For sort(): priority descending, then specificity descending, then name by code unit. */
export function compareProfiles(a: Profile, b: Profile): number {
  const byRank = b.priority - a.priority || specificity(b.match) - specificity(a.match);
  if (byRank !== 0) return byRank;
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
