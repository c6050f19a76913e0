/**
 * Addresses offered and not yet requested. They live in memory only: an offer lost by a restart costs the client one
 * more DISCOVER, and writing each would let a flood of DISCOVERs wear out the disk (RFC 2131 §3.1 (2): a server
 * SHOULD NOT reuse an offered address, and need not record it).
 */
import type { Ipv4 } from '../values/ipv4.ts';
import { NONE } from './columns.ts';
import { createSlotIndex, hashAddress, hashText } from './slot-index.ts';

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

/** Offers that are held equally long, in the order in which they were made: slots that are linked. */
interface Line {
  first: number;
  last: number;
}

/**
 * Offers that are held equally long end in the order in which they are made. Nearly all are; some firmware needs longer
 * (quirks), and must not keep the others from ending: there is a line for each length.
 *
 * Each exchange makes an offer and ends it. In a Map that would leave holes, and V8 makes the table of a Map anew when it
 * is full of them, in the old generation where the Map lives: 2 MB a second, which had it marked every four seconds.
 */
export function createOffers(): Offers {
  const slots: (Offer | undefined)[] = [];
  const hashes: number[] = [];
  const next: number[] = [];
  const previous: number[] = [];
  const vacant: number[] = [];
  const lines = new Map<number, Line>();

  const offerIn = (slot: number): Offer | undefined => (slot === NONE ? undefined : slots[slot]);
  const byIp = createSlotIndex<Ipv4>({
    hash: hashAddress,
    hashOf: (slot) => hashAddress((slots[slot] as Offer).ip),
    isKeyOf: (slot, ip) => slots[slot]?.ip === ip,
  });
  const byIdentity = createSlotIndex<string>({
    hash: hashText,
    hashOf: (slot) => hashes[slot] as number,
    isKeyOf: (slot, identity, hash) => hashes[slot] === hash && slots[slot]?.identity === identity,
  });

  const lineOf = (offer: Offer): Line => {
    const length = heldFor(offer);
    const line = lines.get(length) ?? { first: NONE, last: NONE };
    lines.set(length, line);
    return line;
  };

  function join(slot: number, line: Line): void {
    next[slot] = NONE;
    previous[slot] = line.last;
    if (line.last === NONE) line.first = slot;
    else next[line.last] = slot;
    line.last = slot;
  }

  function leave(slot: number, line: Line): void {
    const [before, after] = [previous[slot] as number, next[slot] as number];
    if (before === NONE) line.first = after;
    else next[before] = after;
    if (after === NONE) line.last = before;
    else previous[after] = before;
  }

  /** Takes out what is in the slot, if anything is. */
  function remove(slot: number): Offer | undefined {
    const offer = offerIn(slot);
    if (offer === undefined) return undefined;
    byIp.remove(slot);
    byIdentity.remove(slot);
    leave(slot, lineOf(offer));
    slots[slot] = undefined;
    vacant.push(slot);
    return offer;
  }

  return {
    get size() {
      return slots.length - vacant.length;
    },
    at: (ip) => offerIn(byIp.find(ip)),
    of: (identity) => offerIn(byIdentity.find(identity)),
    put(offer) {
      const earlier = remove(byIdentity.find(offer.identity));
      remove(byIp.find(offer.ip));
      const slot = vacant.pop() ?? slots.length;
      slots[slot] = offer;
      hashes[slot] = hashText(offer.identity);
      byIp.add(slot);
      byIdentity.add(slot);
      join(slot, lineOf(offer));
      return earlier === undefined || earlier.ip === offer.ip ? undefined : earlier;
    },
    withdraw: (ip) => remove(byIp.find(ip)),
    *addresses() {
      for (const offer of slots) if (offer !== undefined) yield offer.ip;
    },
    expire(now) {
      const expired: Offer[] = [];
      for (const line of lines.values()) {
        for (let oldest = offerIn(line.first); oldest !== undefined; oldest = offerIn(line.first)) {
          if (!isOver(oldest, now)) break;
          remove(line.first);
          expired.push(oldest);
        }
      }
      return expired;
    },
  };
}
