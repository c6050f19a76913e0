/** What happened to each machine lately: the journal gathered by MAC, bounded in machines and in records of each. */
import type { Mac } from '../values/mac.ts';
import type { JournalRecord } from './record.ts';

/** A machine as the network has shown it. Undefined: never told. */
export interface MachineStory {
  readonly mac: Mac;
  /** Unix milliseconds. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Of the newest decision that told it. */
  readonly arch: string | undefined;
  readonly stage: string | undefined;
  readonly profile: string | undefined;
  readonly ip: string | undefined;
  readonly nic: string | undefined;
  /** One line on the newest decision: `DISCOVER → OFFER`. */
  readonly last: string | undefined;
  /** Its last records, oldest first. */
  readonly records: readonly JournalRecord[];
}

export interface Stories {
  add(mac: Mac, record: JournalRecord): void;
  get(mac: Mac): MachineStory | undefined;
  /** The one seen last comes last. */
  all(): MachineStory[];
}

export interface StoryLimits {
  /** Remembered at least. */
  readonly machines: number;
  /** Kept of each. */
  readonly records: number;
}

interface Draft {
  readonly mac: Mac;
  readonly firstSeen: number;
  readonly records: JournalRecord[];
}

/**
 * Two generations instead of a list in order of use: a machine seen again moves into the young one; when that is full
 * the old one is forgotten whole. So at least the last `limits.machines` machines are remembered and at most twice as
 * many, at the price of two Map look-ups. (Taking the first key of a Map out again and again is slow: its iterator
 * walks over every hole that earlier deletions left.)
 */
export function createStories(limits: StoryLimits): Stories {
  let young = new Map<Mac, Draft>();
  let old = new Map<Mac, Draft>();

  function draftOf(mac: Mac, at: number): Draft {
    const known = young.get(mac);
    if (known !== undefined) return known;
    const draft = old.get(mac) ?? { mac, firstSeen: at, records: [] };
    if (young.size >= limits.machines) {
      old = young;
      young = new Map();
    }
    young.set(mac, draft);
    return draft;
  }

  return {
    add(mac, record) {
      const { records } = draftOf(mac, record.at);
      records.push(record);
      if (records.length > limits.records) records.shift();
    },
    get(mac) {
      const draft = young.get(mac) ?? old.get(mac);
      return draft === undefined ? undefined : tellStory(draft);
    },
    all() {
      const drafts = new Map([...old, ...young]);
      return Array.from(drafts.values(), tellStory).sort((a, b) => a.lastSeen - b.lastSeen);
    },
  };
}

/** Summaries are made when somebody asks, so that a packet pays for none of it. */
function tellStory(draft: Draft): MachineStory {
  const newestFirst = draft.records.toReversed();
  const decisions = newestFirst.filter((record) => record.kind === 'decision');
  const newest = decisions[0];
  return {
    mac: draft.mac,
    firstSeen: draft.firstSeen,
    lastSeen: newestFirst[0]?.at ?? draft.firstSeen,
    arch: decisions.find((record) => record.arch !== undefined)?.arch,
    stage: newest?.stage,
    profile: decisions.find((record) => record.profile !== undefined)?.profile,
    ip: decisions.find((record) => record.ip !== undefined)?.ip,
    nic: newestFirst.find((record) => record.nic !== undefined)?.nic,
    last: newest === undefined ? undefined : `${newest.message} → ${newest.reply ?? 'ignored'}`,
    records: [...draft.records],
  };
}
