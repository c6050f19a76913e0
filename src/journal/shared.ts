/**
 * What thousands of decisions have in common, kept once: a machine differs from the next by its MAC, its address and the time.
 * Objects of their own for all that is remembered would live for seconds each, and the garbage collector would move every
 * one of them to the old generation and then mark it there, which delays packets.
 */
import type { DecisionRecord } from './record.ts';

/** A decision without what differs each time. */
export type SharedPart = Omit<DecisionRecord, 'at' | 'mac' | 'ip'>;

/** Reasons known at a time, and decisions known of one reason. Client text is among them, and shall not grow the tables. */
const REASONS = 512;
const ALIKE = 64;

/** The shared part of a decision: the same object for equal ones, until too many are known and it starts over. */
export function createSharing(): (record: DecisionRecord) => SharedPart {
  /** By reason, which differs most, so that no key must be built. */
  const known = new Map<string, SharedPart[]>();
  /** By message, of which there is a closed set, the part found last: mostly the next one's. A reason is a text just made, slow to find by. */
  const newest = new Map<string, SharedPart>();

  return (record) => {
    const last = newest.get(record.message);
    if (last !== undefined && last.reason === record.reason && isPartOf(last, record)) return last;
    const part = find(record);
    newest.set(record.message, part);
    return part;
  };

  function find(record: DecisionRecord): SharedPart {
    const alike = known.get(record.reason);
    if (alike === undefined) {
      const part = sharedPartOf(record);
      if (known.size >= REASONS) known.clear();
      known.set(record.reason, [part]);
      return part;
    }
    for (const part of alike) if (isPartOf(part, record)) return part;
    const part = sharedPartOf(record);
    if (alike.length >= ALIKE) alike.length = 0;
    alike.push(part);
    return part;
  }
}

function sharedPartOf(record: DecisionRecord): SharedPart {
  const { kind, nic, message, reply, code, port, arch, stage, profile, file, reason, quirks, exhausted } =
    record;
  return { kind, nic, message, reply, code, port, arch, stage, profile, file, reason, quirks, exhausted };
}

/** Apart from the reason, by which it was found. */
function isPartOf(part: SharedPart, record: DecisionRecord): boolean {
  return (
    part.message === record.message &&
    part.reply === record.reply &&
    part.code === record.code &&
    part.nic === record.nic &&
    part.port === record.port &&
    part.arch === record.arch &&
    part.stage === record.stage &&
    part.profile === record.profile &&
    part.file === record.file &&
    part.exhausted === record.exhausted &&
    areEqual(part.quirks, record.quirks)
  );
}

function areEqual(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  return one.every((name, at) => name === other[at]);
}
