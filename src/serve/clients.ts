/**
 * The booting clients seen lately: their last facts by MAC, and the MAC behind an address. A script or a template is
 * fetched in a later request that no longer tells architecture or classes, and must get the same profile.
 */
import type { Facts } from '../boot/facts.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

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

/**
 * Keeps at most `limit` clients. When it is full the older half goes at once, which costs nothing in between and
 * keeps those that are booting now.
 */
export function createClients(limit = 16_384): Clients {
  let byMac = new Map<Mac, Facts>();
  let byAddress = new Map<Ipv4, Mac>();
  let bootedAt = new Map<Mac, number>();
  let ranAt = new Map<Mac, number>();

  function newerHalf<Key, Value>(map: Map<Key, Value>): Map<Key, Value> {
    return map.size < limit ? map : new Map([...map].slice(map.size >>> 1));
  }

  return {
    saw(facts) {
      if (facts.stage === 'other') return;
      byMac.delete(facts.mac);
      byMac = newerHalf(byMac);
      byMac.set(facts.mac, facts);
    },
    holds(address, mac) {
      byAddress.delete(address);
      byAddress = newerHalf(byAddress);
      byAddress.set(address, mac);
    },
    boots(mac, now) {
      bootedAt.delete(mac);
      bootedAt = newerHalf(bootedAt);
      bootedAt.set(mac, now);
    },
    isBooting(mac, now) {
      const at = bootedAt.get(mac);
      return at !== undefined && now - at < BOOTING_MS;
    },
    runs(mac, now) {
      ranAt.delete(mac);
      ranAt = newerHalf(ranAt);
      ranAt.set(mac, now);
    },
    isRunning(mac, now) {
      const at = ranAt.get(mac);
      return at !== undefined && now - at < LOADING_MS;
    },
    facts: (mac) => byMac.get(mac),
    macAt: (address) => byAddress.get(address),
  };
}
