/** How much one client may ask: a token bucket for each. */
import { isSixOctets, macToNumber } from '../values/mac.ts';
import { createNewest } from './newest.ts';

export interface ClientLimit {
  /** Counts one message; false when the client is over its limit and is not to be answered. `now`: Unix milliseconds. */
  allows(client: string, now: number): boolean;
}

/** Seconds' worth of messages that may come at once: firmware that retries in a hurry is no flood. */
const BURST_SECONDS = 5;

/** Buckets kept at least, of twice as many at most; the older ones are forgotten, which only forgives. */
const MAX_BUCKETS = 65_536;

interface Bucket {
  tokens: number;
  /** Unix milliseconds of the last message. */
  at: number;
}

/** A number is found in half the time of a text that was made from a packet. */
const keyOf = (client: string): string | number => (isSixOctets(client) ? macToNumber(client) : client);

/** `rateNow` tells how many messages a second are let through in the long run, which a reload may change. */
export function createClientLimit(rateNow: () => number, maxBuckets = MAX_BUCKETS): ClientLimit {
  const buckets = createNewest<string | number, Bucket>(maxBuckets);

  return {
    allows(client, now) {
      const rate = rateNow();
      const burst = rate * BURST_SECONDS;
      const key = keyOf(client);
      const bucket = buckets.get(key);
      if (bucket === undefined) {
        buckets.set(key, { tokens: burst - 1, at: now });
        return true;
      }
      const earned = (Math.max(now - bucket.at, 0) / 1000) * rate;
      bucket.tokens = Math.min(burst, bucket.tokens + earned);
      bucket.at = now;
      if (bucket.tokens < 1) return false;
      bucket.tokens--;
      return true;
    },
  };
}
