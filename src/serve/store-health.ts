/** A lease store that remembers whether its last commit worked, for /readyz. */
import type { LeaseStore } from '../leases/store.ts';

export interface WatchedStore {
  readonly store: LeaseStore;
  /** Why the last commit failed; undefined when it did not. */
  fault(): string | undefined;
}

export function watchStore(store: LeaseStore): WatchedStore {
  let lastFault: string | undefined;
  return {
    store: {
      load: (each) => store.load(each),
      async commit(changes) {
        try {
          const refusals = await store.commit(changes);
          lastFault = undefined;
          return refusals;
        } catch (error) {
          lastFault = error instanceof Error ? error.message : String(error);
          throw error;
        }
      },
      close: () => store.close(),
    },
    fault: () => lastFault,
  };
}
