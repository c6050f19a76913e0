/**
 * What the steps tell of themselves: one record a step, the single source of the log, the API, the metrics and the
 * console. A record informs; it never decides.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

interface Base {
  /** Unix milliseconds. */
  readonly at: number;
  readonly mac?: Mac | undefined;
  readonly nic?: string | undefined;
}

/** A DHCP or PXE message was answered or ignored, and why. */
export interface DecisionRecord extends Base {
  readonly kind: 'decision';
  /** The message that came: DISCOVER, REQUEST … */
  readonly message: string;
  /** The reply sent: OFFER, ACK, NAK; undefined when ignored. */
  readonly reply?: string | undefined;
  /** Why it was ignored, from a closed set (decide/decision.ts); undefined when it was answered. */
  readonly code?: string | undefined;
  readonly port: number;
  /** The address that it was told; undefined: none. Never 0. */
  readonly ip?: Ipv4 | undefined;
  readonly arch?: string | undefined;
  readonly stage?: string | undefined;
  readonly profile?: string | undefined;
  readonly file?: string | undefined;
  readonly reason: string;
  /** Names of the firmware quirks that shaped the answer; undefined: none. */
  readonly quirks?: readonly string[] | undefined;
  /** The subnet whose pools have nothing left, in CIDR. */
  readonly exhausted?: string | undefined;
}

/** A datagram that is no message of ours; counted, told at debug level, forgotten. */
export interface MalformedRecord extends Base {
  readonly kind: 'malformed';
  readonly port: number;
  readonly source: string;
  readonly code: string;
  readonly detail: string;
}

/** A file transfer began, or ended one way or the other. */
export interface TransferRecord extends Base {
  readonly kind: 'transfer';
  readonly protocol: 'tftp' | 'http';
  readonly event: 'start' | 'progress' | 'done' | 'probe' | 'not-found' | 'refused' | 'failed' | 'aborted';
  readonly client: string;
  readonly file: string;
  readonly size?: number | undefined;
  readonly bytes?: number | undefined;
  readonly milliseconds?: number | undefined;
  readonly retransmissions?: number | undefined;
  readonly detail?: string | undefined;
}

/** Profiles or machines were read again. */
export interface ReloadRecord extends Base {
  readonly kind: 'reload';
  readonly ok: boolean;
  readonly detail: string;
  readonly diagnostics: readonly string[];
}

/** A booting machine was told that its link has no IPv6 router, so that it waits for none. */
export interface HintRecord extends Base {
  readonly kind: 'hint';
  /** Its link-local address. */
  readonly to: string;
}

/** Something an operator should know: a NIC, the store, a full pool. */
export interface NoticeRecord extends Base {
  readonly kind: 'notice';
  readonly level: 'info' | 'warn' | 'error';
  /** Set for what has a counter of its own: an address that somebody holds without a lease, a machine that goes in circles. */
  readonly code?: 'ADDRESS_IN_USE' | 'BOOT_LOOP' | undefined;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export type JournalRecord =
  | DecisionRecord
  | MalformedRecord
  | TransferRecord
  | ReloadRecord
  | HintRecord
  | NoticeRecord;

/** Takes a record and returns at once. */
export interface Journal {
  write(record: JournalRecord): void;
}
