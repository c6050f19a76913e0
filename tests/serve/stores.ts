/** Lease stores that fail in the ways a real one can. */
import { type Binding, type LeaseStore, StoreUnavailable } from '../../src/leases/store.ts';

export interface ScriptedStore extends LeaseStore {
  readonly commits: (readonly Binding[])[];
}

type Outcome = 'ok' | 'broken' | 'refuse-first' | Promise<void>;

/** Each commit takes the next outcome; when they run out, it works. A promise is waited for first. */
export function scriptedStore(...outcomes: Outcome[]): ScriptedStore {
  const commits: (readonly Binding[])[] = [];
  return {
    commits,
    async load() {},
    async commit(changes) {
      commits.push(changes);
      const outcome = outcomes.shift() ?? 'ok';
      if (outcome === 'broken') throw new StoreUnavailable('disk full', 'make room');
      if (outcome === 'refuse-first') return [{ index: 0, reason: 'another node has it' }];
      if (outcome !== 'ok') await outcome;
      return [];
    },
    async close() {},
  };
}
