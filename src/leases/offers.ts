/**
 * Addresses offered and not yet requested. They live in memory only: an offer lost by a restart costs the client one
 * more DISCOVER, and writing each would let a flood of DISCOVERs wear out the disk (RFC 2131 §3.1 (2): a server
 * SHOULD NOT reuse an offered address, and need not record it).
 */
import type { Ipv4 } from '../values/ipv4.ts';
import { createQueue, type Queue } from './queue.ts';

export interface Offer {
  readonly ip: Ipv4;
  readonly identity: string;
  /** When it was made or prolonged, and until when it is held: Unix milliseconds. */
  readonly since: number;
  readonly expiresAt: number;
}

/** Whether it has timed out. One that was made later than now is over too, lest a clock that is set back holds it for long. */
export function isOver({ since, expiresAt }: Offer, now: number): boolean {
  return expiresAt <= now || since > now;
}

export interface Offers {
  readonly size: number;
  at(ip: Ipv4): Offer | undefined;
  of(identity: string): Offer | undefined;
  /** Makes or prolongs an offer; a client holds one at a time, so an offer of another address to it is withdrawn and returned. */
  put(offer: Offer): Offer | undefined;
  withdraw(ip: Ipv4): Offer | undefined;
  addresses(): Iterable<Ipv4>;
  /** Takes out what has timed out; of those that are held equally long, the oldest first. */
  expire(now: number): readonly Offer[];
}

const heldFor = ({ since, expiresAt }: Offer): number => expiresAt - since;

/**
 * Offers that are held equally long end in the order in which they are made. Nearly all are; some firmware needs longer
 * (quirks), and must not keep the others from ending: there is a queue for each length.
 */
export function createOffers(): Offers {
  const byIp = new Map<Ipv4, Offer>();
  const byIdentity = new Map<string, Offer>();
  const byAge = new Map<number, Queue>();

  const remove = (offer: Offer): void => {
    byIp.delete(offer.ip);
    byIdentity.delete(offer.identity);
    byAge.get(heldFor(offer))?.delete(offer.ip);
  };

  const queueFor = (offer: Offer): Queue => {
    const length = heldFor(offer);
    const queue = byAge.get(length) ?? createQueue();
    byAge.set(length, queue);
    return queue;
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
      const another = byIp.get(offer.ip);
      if (another !== undefined) remove(another);
      byIp.set(offer.ip, offer);
      byIdentity.set(offer.identity, offer);
      queueFor(offer).push(offer.ip);
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
      for (const [length, queue] of byAge) {
        for (;;) {
          const oldest = byIp.get(queue.first() ?? -1);
          if (oldest === undefined || !isOver(oldest, now)) break;
          remove(oldest);
          expired.push(oldest);
        }
        if (queue.size === 0) byAge.delete(length);
      }
      return expired;
    },
  };
}
