/**
 * Where bindings are kept so that they outlive the process. The table in memory answers every question; the store
 * only has to load once and to make batches of changes durable.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

/**
 * bound: acknowledged to a client until expiresAt. released: given back, remembered for its client. declined: in use
 * by a stranger, kept out until expiresAt. (An expired binding is a bound one whose time has passed.)
 */
export type BindingState = 'bound' | 'released' | 'declined';

export const STATES: readonly BindingState[] = ['bound', 'released', 'declined'];

/** One address and who has it, as it is stored. */
export interface Binding {
  readonly ip: Ipv4;
  /** What the client is known by: `id:` + client identifier in hex, `mac:` + MAC, or `machine:` + the inventory's key. */
  readonly identity: string;
  readonly mac: Mac;
  /** Client identifier (option 61) in hex, as sent when the lease began. */
  readonly clientId?: string | undefined;
  readonly hostname?: string | undefined;
  readonly state: BindingState;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** Unix milliseconds of the last message that touched it: least recently used addresses are given out first. */
  readonly touchedAt: number;
}

/** A binding that the store would not take, by its index in the batch: another node holds the address. */
export interface Refusal {
  readonly index: number;
  readonly reason: string;
}

export interface LeaseStore {
  /** Every stored binding, in no order, at start. An address may come several times: the last counts. */
  load(each: (binding: Binding) => void): Promise<void>;
  /**
   * Makes the batch durable: when the promise resolves, every change not refused survives kill -9. All or nothing
   * apart from refusals. Rejects with StoreUnavailable when nothing could be written (a full disk); then every commit
   * that still waits rejects too, the newest first, so that undoing one after the other leads back to what is stored.
   * An empty batch tells whether anything can be written.
   */
  commit(changes: readonly Binding[]): Promise<readonly Refusal[]>;
  close(): Promise<void>;
}

/** The store cannot be opened or written. `hint` says what to do. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
