/**
 * The booting clients seen lately: their last facts by MAC, and the MAC behind an address. A script or a template is
 * fetched in a later request that no longer tells architecture or classes, and must get the same profile.
 */
import type { Facts } from '../boot/facts.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { createNewest } from './newest.ts';

export interface Clients {
  /** Remembers a booting client; clients that do not boot from the network are not kept. */
  saw(facts: Facts): void;
  /** Remembers who was given, or uses, an address. */
  holds(address: Ipv4, mac: Mac): void;
  /** Remembers that a machine was told what to boot; `now` in Unix milliseconds. */
  boots(mac: Mac, now: number): void;
  /** Whether it was told so within the last minute, and may be about to start that. */
  isBooting(mac: Mac, now: number): boolean;
  /** Remembers that a machine fetched the boot program of an item of its menu. */
  runs(mac: Mac, now: number): void;
  /** Whether it did so just now, so that a loader which asks for its configuration is that program. */
  isRunning(mac: Mac, now: number): boolean;
  facts(mac: Mac): Facts | undefined;
  macAt(address: Ipv4): Mac | undefined;
}

/** From the answer to firmware until the iPXE that it fetches over a slow link asks for itself, with time to spare. */
const BOOTING_MS = 60_000;

/** From the request for a loader until it asks for its configuration, with others that it loads first. */
const LOADING_MS = 2 * 60_000;

/** Remembers the newest `limit` of each at least, and twice as many at most. */
export function createClients(limit = 16_384): Clients {
  const byMac = createNewest<Mac, Facts>(limit);
  const byAddress = createNewest<Ipv4, Mac>(limit);
  const bootedAt = createNewest<Mac, number>(limit);
  const ranAt = createNewest<Mac, number>(limit);
  const isLately = (at: number | undefined, now: number, within: number): boolean =>
    at !== undefined && now - at < within;

  return {
    saw(facts) {
      if (facts.stage !== 'other') byMac.set(facts.mac, facts);
    },
    holds: byAddress.set,
    boots: bootedAt.set,
    isBooting: (mac, now) => isLately(bootedAt.get(mac), now, BOOTING_MS),
    runs: ranAt.set,
    isRunning: (mac, now) => isLately(ranAt.get(mac), now, LOADING_MS),
    facts: byMac.get,
    macAt: byAddress.get,
  };
}
