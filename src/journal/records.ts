/** Records in numbered slots, in columns: a decision takes no object of its own (shared.ts says why). */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { JournalRecord } from './record.ts';
import type { SharedPart } from './shared.ts';

/** What is kept of a record beside its columns: what it shares with others, or all of it when it is like no other. */
export type Body = SharedPart | JournalRecord;

export interface Records {
  put(slot: number, record: JournalRecord, body: Body): void;
  /** `mac` is that of the record, if its body is a shared part. */
  get(slot: number, mac: Mac | undefined): JournalRecord;
  /** Parts of a record, for who looks through many and needs none of them whole. */
  atOf(slot: number): number;
  /** Of a decision. */
  ipOf(slot: number): Ipv4 | undefined;
  bodyOf(slot: number): Body;
}

/** For slots 0 to `capacity` - 1. The kernel gives pages to the columns as slots are first used. */
export function createRecords(capacity: number): Records {
  const at = new Float64Array(capacity);
  /** 0: none. */
  const ip = new Uint32Array(capacity);
  const bodies: Body[] = [];

  const bodyOf = (slot: number): Body => {
    const body = bodies[slot];
    if (body === undefined) throw new RangeError(`slot ${slot} holds no record`);
    return body;
  };

  return {
    put(slot, record, body) {
      at[slot] = record.at;
      ip[slot] = record.kind === 'decision' ? (record.ip ?? 0) : 0;
      bodies[slot] = body;
    },
    get(slot, mac) {
      const body = bodyOf(slot);
      if ('at' in body) return body;
      const { kind, nic, message, reply, code, port, arch, stage, profile, file, reason, quirks, exhausted } =
        body;
      return {
        kind,
        at: at[slot] as number,
        mac,
        nic,
        port,
        message,
        reply,
        code,
        ip: ip[slot] || undefined,
        arch,
        stage,
        profile,
        file,
        reason,
        quirks,
        exhausted,
      };
    },
    atOf: (slot) => at[slot] as number,
    ipOf: (slot) => ip[slot] || undefined,
    bodyOf,
  };
}
