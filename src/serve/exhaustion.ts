/** Tells the operator that the pools of a subnet are exhausted: once, not with each of the clients that get no answer. */
import type { Journal } from '../journal/record.ts';

/** A pool that is full stays so for long, or fills up again with each lease that ends. */
const AGAIN_MS = 3_600_000;

interface Told {
  readonly at: number;
  /** Messages that got no answer since. */
  unanswered: number;
}

const HINT =
  'add a pool to the subnet, shorten its leaseTime, or end leases by `pilotlight leases release`; `pilotlight leases --pools` shows who has them';

/** A journal that passes everything on, and adds a warning to the first message that finds no address, and one an hour after it. */
export function tellExhaustion(journal: Journal): Journal {
  const told = new Map<string, Told>();
  return {
    write(record) {
      journal.write(record);
      if (record.kind !== 'decision' || record.exhausted === undefined) return;
      const { exhausted: subnet, at, nic } = record;
      const last = told.get(subnet);
      if (last !== undefined && at - last.at < AGAIN_MS) {
        last.unanswered += 1;
        return;
      }
      told.set(subnet, { at, unanswered: 0 });
      const since = last === undefined || last.unanswered === 0 ? '' : `; ${last.unanswered} got none before`;
      const message = `the pools of ${subnet} have no free address left: new clients there get no answer${since}`;
      journal.write({ kind: 'notice', at, nic, level: 'warn', message, detail: { hint: HINT } });
    },
  };
}
