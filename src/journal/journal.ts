/** Takes one record a step and fans it out: the log, the counters, the last records, each machine's story, followers. */
import type { Logger } from 'pino';
import { isSixOctets, type Mac } from '../values/mac.ts';
import { compact } from './compact.ts';
import { createLatest } from './latest.ts';
import type { Journal, JournalRecord } from './record.ts';
import type { Body } from './records.ts';
import { createSharing } from './shared.ts';
import { createStories, type MachineStory, type MachineSummary } from './stories.ts';
import { fieldsOf, levelOf, messageOf } from './tell.ts';

/** Told of each record as it is written, on the packet's own time: it must only take note and return. */
export type Follower = (record: JournalRecord) => void;

export interface BootJournal extends Journal {
  /** The newest records, of one machine or of all, oldest first. Default limit: 100. */
  recent(filter?: { readonly mac?: Mac | undefined; readonly limit?: number | undefined }): JournalRecord[];
  /** Every machine remembered; the one seen last comes last. */
  machines(): MachineSummary[];
  machine(mac: Mac): MachineStory | undefined;
  /** Returns what ends the following; calling that twice is harmless. */
  follow(follower: Follower): () => void;
}

export interface JournalOptions {
  readonly log: Logger;
  /** Counts a record; metrics.ts makes one. */
  readonly metrics: { record(record: JournalRecord): void };
  /** Records kept over all machines. Default 10 000. */
  readonly capacity?: number | undefined;
  /** Machines remembered; those silent for longest are forgotten first. Default 10 000. */
  readonly machines?: number | undefined;
  /** Records kept for each of them. Default 50. */
  readonly perMachine?: number | undefined;
  /** Names the maker of a network card in the log; given when people read it. */
  readonly vendorOf?: ((mac: Mac) => string | undefined) | undefined;
}

const DEFAULT_LIMIT = 100;

/** How far a transfer is by now: good for who looks on, but a minute of it would push a machine's whole story out. */
const isPassing = (record: JournalRecord): boolean =>
  record.kind === 'transfer' && record.event === 'progress';

/**
 * The journal is in memory alone. At `warn` a decision costs it two slots and one counter, and nothing that
 * the garbage collector must carry; the text of a line is built only when its level is written.
 */
export function createJournal(options: JournalOptions): BootJournal {
  const { log, metrics, vendorOf } = options;
  const latest = createLatest(options.capacity ?? 10_000);
  const sharedPartOf = createSharing();
  const stories = createStories({
    machines: options.machines ?? 10_000,
    records: options.perMachine ?? 50,
  });
  const followers = new Set<Follower>();

  /** Decisions are alike by the thousand; the rest comes seldom. */
  function bodyOf(record: JournalRecord): Body {
    const isAlike = record.kind === 'decision' && (record.mac === undefined || isSixOctets(record.mac));
    return isAlike ? sharedPartOf(record) : record;
  }

  function writeLine(record: JournalRecord): void {
    const level = levelOf(record);
    if (!log.isLevelEnabled(level)) return;
    const fields = fieldsOf(record);
    const vendor = record.mac === undefined ? undefined : vendorOf?.(record.mac);
    log[level](vendor === undefined ? fields : { ...fields, vendor }, messageOf(record));
  }

  function tellFollowers(record: JournalRecord): void {
    for (const follower of followers) {
      try {
        follower(record);
      } catch (error) {
        // A follower that fails must not cost a machine its answer, nor be asked again.
        followers.delete(follower);
        log.error({ err: error }, 'a follower of the journal failed and was dropped');
      }
    }
  }

  return {
    write(record) {
      metrics.record(record);
      writeLine(record);
      const kept = compact(record);
      if (!isPassing(record)) {
        const body = bodyOf(kept);
        latest.add(kept, body);
        if (kept.mac !== undefined) stories.add(kept.mac, kept, body);
      }
      if (followers.size > 0) tellFollowers(kept);
    },
    recent({ mac, limit = DEFAULT_LIMIT } = {}) {
      if (mac === undefined) return latest.last(limit);
      // A machine's own story reaches further back than what all machines share.
      return stories.last(mac, limit);
    },
    machines: stories.all,
    machine: stories.get,
    follow(follower) {
      followers.add(follower);
      return () => {
        followers.delete(follower);
      };
    },
  };
}
