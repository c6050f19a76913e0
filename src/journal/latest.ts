/** The last records of all machines together, and of none. */
import { macFromNumber, macToNumber } from '../values/mac.ts';
import type { JournalRecord } from './record.ts';
import { type Body, createRecords } from './records.ts';

export interface Latest {
  add(record: JournalRecord, body: Body): void;
  /** The newest `limit` records, oldest first. */
  last(limit: number): JournalRecord[];
}

const NO_MAC = -1;

export function createLatest(capacity: number): Latest {
  const records = createRecords(capacity);
  const macs = new Float64Array(capacity);
  let written = 0;

  return {
    add(record, body) {
      const slot = written % capacity;
      written += 1;
      records.put(slot, record, body);
      // A whole record has its MAC with it.
      macs[slot] = 'at' in body || record.mac === undefined ? NO_MAC : macToNumber(record.mac);
    },
    last(limit) {
      const found: JournalRecord[] = [];
      for (let number = Math.max(0, written - Math.min(limit, capacity)); number < written; number += 1) {
        const slot = number % capacity;
        const mac = macs[slot] as number;
        found.push(records.get(slot, mac === NO_MAC ? undefined : macFromNumber(mac)));
      }
      return found;
    },
  };
}
