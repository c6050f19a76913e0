/**
 * What each machine asked and was told lately, which no packet tells: whether an iPXE is the one that we gave to its
 * firmware, and whether a machine goes in circles.
 */
import type { Facts, Stage } from '../boot/facts.ts';
import type { LoopPolicy } from '../config/model.ts';
import type { Mac } from '../values/mac.ts';
import { createNewest } from './newest.ts';

/** A machine that goes in circles. */
export interface Loop {
  /** What it was told each time. */
  readonly file: string;
  readonly times: number;
  /** Milliseconds from the first time to this one. */
  readonly during: number;
}

export interface BootHistory {
  /** Takes note of a message before it is decided; the facts with what is known from before. `now`: Unix milliseconds. */
  heard(facts: Facts, xid: number, now: number): Facts;
  /** Whether this machine goes in circles at this stage. */
  isLooping(facts: Pick<Facts, 'mac' | 'stage'>): boolean;
  /** Takes note of the answer. The loop, at the answer with which it is noticed. */
  told(facts: Facts, file: string | undefined, now: number): Loop | undefined;
}

/** From the answer to firmware until the iPXE that it fetches over a slow link asks for itself, with time to spare. */
const CHAINING_MS = 5 * 60_000;

/** A client repeats one DISCOVER for about a minute (RFC 2131 §4.1: 4, 8, 16, 32 s), with one transaction id. */
const REPEATING_MS = 70_000;

interface Entry {
  /** Told last; undefined: nothing yet, or nothing to boot. */
  file: string | undefined;
  /** Of the newest exchange. */
  xid: number;
  /** Of the newest message. */
  at: number;
  /** Whether the exchange went on to a REQUEST: a DISCOVER after it begins another, whatever its transaction id. */
  requested: boolean;
  /** When exchanges began since it is told this file, the newest last; no more than matter. */
  asks: readonly number[];
  looping: boolean;
  /** Told while it loops; undefined: not yet. */
  meanwhile: { readonly file: string | undefined } | undefined;
}

/**
 * Only what opens an exchange counts, DISCOVER or BOOTP: the REQUEST that follows, the question on port 4011 and
 * repetitions under one transaction id are the same exchange. (A transaction id alone tells little: Intel's ROMs make it of
 * their MAC address, so it is the same at every boot.) Firmware and the iPXE after it are counted apart, since
 * each asks once a boot. The newest `limit` stages of machines are kept at least.
 */
export function createBootHistory(policy: LoopPolicy | undefined, limit = 16_384): BootHistory {
  const entries = createNewest<string, Entry>(limit);

  const keyOf = (mac: Mac, stage: Stage): string => `${stage} ${mac}`;

  function entryOf(facts: Facts, xid: number, now: number): Entry {
    const key = keyOf(facts.mac, facts.stage);
    const entry = entries.get(key) ?? {
      file: undefined,
      xid,
      at: now,
      requested: false,
      asks: [],
      looping: false,
      meanwhile: undefined,
    };
    entries.set(key, entry);
    return entry;
  }

  function begin(entry: Entry, xid: number, now: number): void {
    const same = entry.asks.length > 0 && entry.xid === xid && !entry.requested;
    const repeated = same && now - entry.at < REPEATING_MS;
    entry.at = now;
    if (repeated) return;
    entry.xid = xid;
    entry.requested = false;
    if (policy === undefined) {
      entry.asks = [now];
      return;
    }
    const lately = entry.asks.filter((at) => now - at <= policy.within);
    if (lately.length === 0) entry.looping = false;
    entry.asks = [...lately, now].slice(-policy.times);
    if (entry.file !== undefined && entry.asks.length >= policy.times) entry.looping = true;
    if (!entry.looping) entry.meanwhile = undefined;
  }

  function noteRequest(facts: Facts): void {
    const entry = entries.get(keyOf(facts.mac, facts.stage));
    if (entry !== undefined) entry.requested = true;
  }

  function wasTold(mac: Mac, stage: Stage, now: number): boolean {
    const entry = entries.get(keyOf(mac, stage));
    return entry?.file !== undefined && now - entry.at < CHAINING_MS;
  }

  return {
    heard(facts, xid, now) {
      if (facts.stage === 'other') return facts;
      if (facts.message === 'DISCOVER' || facts.message === 'BOOTP')
        begin(entryOf(facts, xid, now), xid, now);
      else if (facts.message === 'REQUEST') noteRequest(facts);
      const chained =
        facts.stage === 'ipxe' && (wasTold(facts.mac, 'rom', now) || wasTold(facts.mac, 'http', now));
      return chained ? { ...facts, chained } : facts;
    },
    isLooping: ({ mac, stage }) => entries.get(keyOf(mac, stage))?.looping === true,
    told(facts, file, now) {
      if (facts.stage === 'other') return undefined;
      const entry = entries.get(keyOf(facts.mac, facts.stage));
      if (entry === undefined) return undefined;
      const last = entry.asks.slice(-1);
      if (entry.looping && entry.meanwhile === undefined) {
        entry.meanwhile = { file };
        return { file: entry.file ?? '', times: entry.asks.length, during: now - (entry.asks[0] ?? now) };
      }
      // Another answer than before is another chance, whether or not it loops.
      const before = entry.looping ? entry.meanwhile?.file : entry.file;
      if (file !== before) Object.assign(entry, { file, asks: last, looping: false, meanwhile: undefined });
      return undefined;
    },
  };
}
