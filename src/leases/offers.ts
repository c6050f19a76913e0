/**
 * Addresses offered and not yet requested. They live in memory only: an offer lost by a restart costs the client one
 * more DISCOVER, and writing each would let a flood of DISCOVERs wear out the disk (RFC 2131 §3.1 (2): a server
 * SHOULD NOT reuse an offered address, and need not record it).
 */
import type { Ipv4 } from '../values/ipv4.ts';
import { createQueue } from './queue.ts';

export interface Offer {
  readonly ip: Ipv4;
  readonly identity: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export interface Offers {
  readonly size: number;
  at(ip: Ipv4): Offer | undefined;
  of(identity: string): Offer | undefined;
  /** Makes or prolongs an offer; a client holds one at a time, so an offer of another address to it is withdrawn and returned. */
  put(offer: Offer): Offer | undefined;
  withdraw(ip: Ipv4): Offer | undefined;
  addresses(): Iterable<Ipv4>;
  /** Takes out what has timed out, oldest first. */
  expire(now: number): readonly Offer[];
}

/** Offers all last equally long, so the order in which they are made is the order in which they end. */
export function createOffers(): Offers {
  const byIp = new Map<Ipv4, Offer>();
  const byIdentity = new Map<string, Offer>();
  const byAge = createQueue();

  const remove = (offer: Offer): void => {
    byIp.delete(offer.ip);
    byIdentity.delete(offer.identity);
    byAge.delete(offer.ip);
  };

  return {
    get size() {
      return byIp.size;
    },
    at: (ip) => byIp.get(ip),
    of: (identity) => byIdentity.get(identity),
    put(offer) {
      const earlier = byIdentity.get(offer.identity);
      if (earlier !== undefined) remove(earlier);
      byIp.set(offer.ip, offer);
      byIdentity.set(offer.identity, offer);
      byAge.push(offer.ip);
      return earlier === undefined || earlier.ip === offer.ip ? undefined : earlier;
    },
    withdraw(ip) {
      const offer = byIp.get(ip);
      if (offer !== undefined) remove(offer);
      return offer;
    },
    addresses: () => byIp.keys(),
    expire(now) {
      const expired: Offer[] = [];
      for (;;) {
        const oldest = byIp.get(byAge.first() ?? -1);
        if (oldest === undefined || oldest.expiresAt > now) return expired;
        remove(oldest);
        expired.push(oldest);
      }
    },
  };
}
