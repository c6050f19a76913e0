/** What happened to each machine lately: the journal gathered by MAC, bounded in machines and in records of each. */
import { NONE } from '../leases/columns.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { createMachines } from './machines.ts';
import type { JournalRecord } from './record.ts';
import { type Body, createRecords } from './records.ts';

/** A machine as the network has shown it. Undefined: never told. */
export interface MachineSummary {
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
}

export interface MachineStory extends MachineSummary {
  /** Its last records, oldest first. */
  readonly records: readonly JournalRecord[];
}

export interface Stories {
  add(mac: Mac, record: JournalRecord, body: Body): void;
  get(mac: Mac): MachineStory | undefined;
  /** The machine's newest `limit` records, oldest first. */
  last(mac: Mac, limit: number): JournalRecord[];
  /** The one seen last comes last. */
  all(): MachineSummary[];
}

export interface StoryLimits {
  /** Remembered: those silent for longest are forgotten first. */
  readonly machines: number;
  /** Kept of each. */
  readonly records: number;
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * The records of a machine are a circle of slots: after the newest comes the oldest, whose slot the next record takes when
 * there are as many as may be. When a machine is forgotten, its circle is cut open and goes before the empty slots.
 */
export function createStories(limits: StoryLimits): Stories {
  const machines = createMachines(limits.machines);
  const firstSeen = new Float64Array(limits.machines);
  const newest = new Int32Array(limits.machines);
  const count = new Uint32Array(limits.machines);

  const records = createRecords(limits.machines * limits.records);
  const next = new Int32Array(limits.machines * limits.records);
  /** Slots from `end` on were never used. */
  let end = 0;
  let empty = NONE;

  function takeSlot(): number {
    if (empty === NONE) return end++;
    const slot = empty;
    empty = next[slot] as number;
    return slot;
  }

  function forget(machine: number): void {
    if (count[machine] === 0) return;
    const last = newest[machine] as number;
    const first = next[last] as number;
    next[last] = empty;
    empty = first;
    count[machine] = 0;
  }

  /** The slot for a machine's next record, which is its newest then. */
  function slotFor(machine: number): number {
    const last = newest[machine] as number;
    const had = count[machine] as number;
    if (had >= limits.records) return next[last] as number;
    const slot = takeSlot();
    next[slot] = had === 0 ? slot : (next[last] as number);
    if (had > 0) next[last] = slot;
    count[machine] = had + 1;
    return slot;
  }

  function recordsOf(machine: number, limit: number): JournalRecord[] {
    const mac = machines.macOf(machine);
    const had = count[machine] as number;
    const found: JournalRecord[] = [];
    let slot = newest[machine] as number;
    for (let number = 0; number < had; number += 1) {
      slot = next[slot] as number;
      if (number >= had - limit) found.push(records.get(slot, mac));
    }
    return found;
  }

  /** Made when somebody asks, so that a packet pays for none of it; and of ten thousand machines without a record made whole. */
  function summaryOf(machine: number): MachineSummary {
    const summary: Draft<MachineSummary> = {
      mac: machines.macOf(machine),
      firstSeen: firstSeen[machine] as number,
      lastSeen: records.atOf(newest[machine] as number),
      arch: undefined,
      stage: undefined,
      profile: undefined,
      ip: undefined,
      nic: undefined,
      last: undefined,
    };
    let ip: Ipv4 | undefined;
    let decision: Extract<Body, { readonly kind: 'decision' }> | undefined;
    let slot = newest[machine] as number;
    for (let left = count[machine] as number; left > 0; left -= 1) {
      slot = next[slot] as number;
      const body = records.bodyOf(slot);
      summary.nic = body.nic ?? summary.nic;
      if (body.kind !== 'decision') continue;
      decision = body;
      summary.arch = body.arch ?? summary.arch;
      summary.profile = body.profile ?? summary.profile;
      ip = records.ipOf(slot) ?? ip;
    }
    summary.stage = decision?.stage;
    summary.ip = ip === undefined ? undefined : formatIpv4(ip);
    summary.last =
      decision === undefined ? undefined : `${decision.message} → ${decision.reply ?? 'ignored'}`;
    return summary;
  }

  return {
    add(mac, record, body) {
      const { slot: machine, isNew } = machines.heard(mac);
      if (isNew) {
        forget(machine);
        firstSeen[machine] = record.at;
      }
      const slot = slotFor(machine);
      records.put(slot, record, body);
      newest[machine] = slot;
    },
    get(mac) {
      const machine = machines.find(mac);
      if (machine === NONE) return undefined;
      return { ...summaryOf(machine), records: recordsOf(machine, limits.records) };
    },
    last(mac, limit) {
      const machine = machines.find(mac);
      return machine === NONE ? [] : recordsOf(machine, limit);
    },
    all: () => machines.all().map(summaryOf),
  };
}
