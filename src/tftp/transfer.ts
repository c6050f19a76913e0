/**
 * One read transfer as a pure state machine: what came, and when, in; what to send out. No socket, no file, no timer:
 * the state says by `deadline` when it wants to hear of a timeout, and blocks are named by number, not by bytes.
 *
 * Block numbers in here count from 1 without end; on the wire they are taken modulo 65536, so a file of any length
 * rolls over to block 0.
 */

import type { Terms } from './negotiate.ts';
import { ERROR, type TftpAck, type TftpError } from './packets.ts';

export interface TransferState {
  readonly terms: Terms;
  /** Number of the final block, which is shorter than the others and may be empty. */
  readonly lastBlock: number;
  /**
   * `offered`: the first answer, an OACK or block 1, awaits its ACK, and nobody was heard yet. `sending`: blocks acked+1 … sent
   * await an ACK. `over`: nothing is awaited.
   */
  readonly phase: 'offered' | 'sending' | 'over';
  readonly acked: number;
  readonly sent: number;
  /** The highest block that was ever sent; what is sent at or below it is a repetition. */
  readonly highest: number;
  /** When what is awaited was last sent. */
  readonly sentAt: number;
  /** When the client was last heard to make progress. */
  readonly heardAt: number;
  /** How often what is awaited was sent again. */
  readonly tries: number;
  /** Doublings of the wait; kept until a round trip is measured again (RFC 6298 §5), so that a slower network is learnt. */
  readonly backOff: number;
  /** Whether a repeated ACK already had this window sent again. */
  readonly rewound: boolean;
  /** Smoothed round trip and its deviation (RFC 6298); 0 before the first measurement. */
  readonly roundTrip: number;
  readonly deviation: number;
  /** When a timeout is due; Infinity when over. */
  readonly deadline: number;
  /** Datagrams sent again so far. */
  readonly resent: number;
}

/** A packet of the client, or the passing of `deadline`. */
export type TransferEvent = TftpAck | TftpError | { readonly kind: 'timeout' };

export type TransferEffect =
  | { readonly kind: 'send-oack' }
  /** Send `count` blocks from number `first` on. */
  | { readonly kind: 'send-data'; readonly first: number; readonly count: number }
  | { readonly kind: 'send-error'; readonly code: number; readonly message: string }
  /** The client answers, and wants the file, not only its size: the transfer proper begins. */
  | { readonly kind: 'started' }
  | { readonly kind: 'finish'; readonly result: TransferResult; readonly detail?: string | undefined };

/**
 * `probe`: the client asked the size and aborted after the OACK, as UEFI firmware and BIOS ROMs do before the real
 * request. `aborted`: it sent an error later. `failed`: it fell silent.
 */
export type TransferResult = 'done' | 'probe' | 'aborted' | 'failed';

export interface Step {
  readonly state: TransferState;
  readonly effects: readonly TransferEffect[];
}

/** Wait before the first repetition when nothing is measured and the client named no timeout. */
const FIRST_WAIT = 1000;
/** Never repeat sooner: client programs are scheduled and write to disks. */
const MIN_WAIT = 50;
/** Never wait longer; also for clients that asked for more, since repeating early costs one datagram and waiting costs a boot. */
const MAX_WAIT = 10_000;
/** A silent client is given up after this many repetitions, but not before PATIENCE has passed. */
const MAX_TRIES = 6;
/**
 * Whoever has not answered once may be nobody: the address in a request is easily forged. What its owner gets is bounded, and
 * a client that is there asks again by itself.
 */
const MAX_OFFERS = 4;
/** Firmware may be busy for some seconds between two blocks, longer than six repetitions on a fast network take. */
const PATIENCE = 20_000;

const NOTHING: readonly TransferEffect[] = [];

/** The first step: an OACK when any option is granted, else the first block at once. `size` in bytes. */
export function begin(terms: Terms, size: number, now: number): Step {
  const first = terms.oack.length > 0 ? 0 : 1;
  const state: TransferState = {
    terms,
    lastBlock: Math.floor(size / terms.blockSize) + 1,
    phase: 'offered',
    acked: 0,
    sent: first,
    highest: first,
    sentAt: now,
    heardAt: now,
    tries: 0,
    backOff: 0,
    rewound: false,
    roundTrip: 0,
    deviation: 0,
    deadline: now + firstWait(terms),
    resent: 0,
  };
  return { state, effects: [first === 0 ? { kind: 'send-oack' } : { kind: 'send-data', first, count: 1 }] };
}

/** What an event does to a transfer. `now` is in milliseconds of the same monotonic clock every time. */
export function step(state: TransferState, event: TransferEvent, now: number): Step {
  if (state.phase === 'over') return { state, effects: NOTHING };
  switch (event.kind) {
    case 'ack':
      return onAck(state, event.block, now);
    case 'timeout':
      return onTimeout(state, now);
    case 'error':
      return onError(state, event.code, event.message);
  }
}

/**
 * An ACK may confirm any block of the window: all before it arrived too, and the next window begins after it, which for
 * a partial window means going back (RFC 7440 §4). One that confirms nothing new is a duplicate: answering it would
 * double the traffic for the rest of the transfer (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1).
 */
function onAck(state: TransferState, block: number, now: number): Step {
  const progress = (block - state.acked) & 0xffff;
  if (state.phase === 'offered') {
    if (progress !== state.sent) return { state, effects: NOTHING };
    const next = onConfirmed(state, state.sent, now);
    return { state: next.state, effects: [{ kind: 'started' }, ...next.effects] };
  }
  if (progress === 0) return onRepeatedAck(state, now);
  const acked = state.acked + progress;
  if (acked > state.sent) return { state, effects: NOTHING };
  return onConfirmed(state, acked, now);
}

function onConfirmed(state: TransferState, acked: number, now: number): Step {
  return acked === state.lastBlock ? finish({ ...state, acked }, 'done') : onProgress(state, acked, now);
}

/**
 * Within a window a repeated ACK is how a client says that the first block of the window was lost (RFC 7440 §4), so the
 * window is sent again: once, and only when the ACK can be an answer to this window, that is, not sooner than half a
 * round trip after it. A network that doubles datagrams delivers the copy earlier.
 */
function onRepeatedAck(state: TransferState, now: number): Step {
  const answersWindow = state.roundTrip > 0 && now - state.sentAt >= state.roundTrip / 2;
  if (state.terms.windowSize === 1 || state.rewound || !answersWindow) return { state, effects: NOTHING };
  const again = sendAgain(state, now);
  return { state: { ...again.state, rewound: true, tries: state.tries + 1 }, effects: again.effects };
}

function onTimeout(state: TransferState, now: number): Step {
  if (now < state.deadline) return { state, effects: NOTHING };
  const silence = now - state.heardAt;
  const isOffered = state.phase === 'offered';
  const awaited = isOptions(state) ? 'the options' : `block ${state.acked + 1} of ${state.lastBlock}`;
  const detail = `no answer to ${awaited} for ${Math.round(silence / 1000)} s`;
  if (isOffered && state.tries + 1 >= MAX_OFFERS) return finish(state, 'failed', detail);
  if (!isOffered && state.tries >= MAX_TRIES && silence >= PATIENCE) {
    const over = finish(state, 'failed', detail);
    return {
      state: over.state,
      effects: [{ kind: 'send-error', code: ERROR.undefined, message: detail }, ...over.effects],
    };
  }
  const later: TransferState = { ...state, tries: state.tries + 1, backOff: state.backOff + 1 };
  if (!isOptions(state)) return sendAgain(later, now);
  const offered: TransferState = {
    ...later,
    sentAt: now,
    deadline: now + currentWait(later.terms, later.roundTrip, later.deviation, later.backOff),
    resent: state.resent + 1,
  };
  return { state: offered, effects: [{ kind: 'send-oack' }] };
}

/** Whether the OACK is what awaits an answer. */
function isOptions({ phase, sent }: TransferState): boolean {
  return phase === 'offered' && sent === 0;
}

function onError(state: TransferState, code: number, message: string): Step {
  const probe = isOptions(state) && (code === ERROR.optionRefused || code === ERROR.undefined);
  return finish(state, probe ? 'probe' : 'aborted', `error ${code}${message === '' ? '' : `: ${message}`}`);
}

/**
 * The client confirmed all blocks up to `acked`; the next window follows. Only what was sent once tells the round trip
 * (Karn): which copy was answered is unknown.
 *
 * Every field is written out, and only once: this runs for each block of each transfer.
 */
function onProgress(state: TransferState, acked: number, now: number): Step {
  const { terms, lastBlock, highest } = state;
  const clean = state.tries === 0;
  const sample = now - state.sentAt;
  const first = state.roundTrip === 0;
  let { roundTrip, deviation } = state;
  if (clean) {
    deviation = first ? sample / 2 : 0.75 * deviation + 0.25 * Math.abs(roundTrip - sample);
    roundTrip = first ? sample : 0.875 * roundTrip + 0.125 * sample;
  }
  const backOff = clean ? 0 : state.backOff;
  const sent = Math.min(acked + terms.windowSize, lastBlock);
  const next: TransferState = {
    terms,
    lastBlock,
    phase: 'sending',
    acked,
    sent,
    highest: Math.max(sent, highest),
    sentAt: now,
    heardAt: now,
    tries: 0,
    backOff,
    rewound: false,
    roundTrip,
    deviation,
    deadline: now + currentWait(terms, roundTrip, deviation, backOff),
    resent: state.resent + Math.max(0, Math.min(sent, highest) - acked),
  };
  return { state: next, effects: [{ kind: 'send-data', first: acked + 1, count: sent - acked }] };
}

/** The blocks that await an ACK, once more. */
function sendAgain(state: TransferState, now: number): Step {
  const { terms, acked } = state;
  const sent = Math.min(acked + terms.windowSize, state.lastBlock);
  const repeated = Math.max(0, Math.min(sent, state.highest) - acked);
  const next: TransferState = {
    ...state,
    sent,
    highest: Math.max(sent, state.highest),
    sentAt: now,
    deadline: now + currentWait(terms, state.roundTrip, state.deviation, state.backOff),
    resent: state.resent + repeated,
  };
  return { state: next, effects: [{ kind: 'send-data', first: acked + 1, count: sent - acked }] };
}

function firstWait(terms: Terms): number {
  return Math.min(MAX_WAIT, terms.timeout ?? FIRST_WAIT);
}

function currentWait(terms: Terms, roundTrip: number, deviation: number, backOff: number): number {
  const wait = roundTrip === 0 ? firstWait(terms) : Math.max(MIN_WAIT, roundTrip + 4 * deviation);
  return Math.min(MAX_WAIT, backOff === 0 ? wait : wait * 2 ** backOff);
}

function finish(state: TransferState, result: TransferResult, detail?: string): Step {
  const over: TransferState = { ...state, phase: 'over', deadline: Number.POSITIVE_INFINITY };
  return { state: over, effects: [{ kind: 'finish', result, detail }] };
}
