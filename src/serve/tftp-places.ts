/** How many transfers there may be, and how many of them one client may have. */
import type { IpAddress } from '../values/ip.ts';

/** `full`: nobody can be taken. `share`: others can, this client has what it may have. */
export type Admission = 'taken' | 'full' | 'share';

export interface Places {
  take(client: IpAddress): Admission;
  /** Gives one place back that this client took. */
  free(client: IpAddress): void;
  /** Places taken now. */
  taken(): number;
  /** What one client may have. */
  readonly share: number;
}

/** So many a client always gets: a machine's firmware, loader and kernel overlap only for moments. */
const LEAST_SHARE = 8;

/** A quarter of all for one address leaves room for others, and is enough for a rack behind one router that translates addresses. */
export function createPlaces(places: number): Places {
  const share = Math.min(places, Math.max(LEAST_SHARE, Math.floor(places / 4)));
  const byClient = new Map<IpAddress, number>();
  let taken = 0;
  return {
    share,
    take(client) {
      const own = byClient.get(client) ?? 0;
      if (taken >= places) return 'full';
      if (own >= share) return 'share';
      byClient.set(client, own + 1);
      taken++;
      return 'taken';
    },
    free(client) {
      const own = byClient.get(client);
      if (own === undefined) return;
      if (own === 1) byClient.delete(client);
      else byClient.set(client, own - 1);
      taken--;
    },
    taken: () => taken,
  };
}
