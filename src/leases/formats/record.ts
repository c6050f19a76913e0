/** What the lease files of other servers are read into. */
import type { Ipv4 } from '../../values/ipv4.ts';
import type { Mac } from '../../values/mac.ts';
import type { BindingState } from '../store.ts';

/** 1-based, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One record. Of several of one address the last in the file counts. */
export interface LeaseRecord {
  readonly place: Place;
  readonly ip: Ipv4;
  /** Octets of any length, as a binding has them; empty when the file does not tell. */
  readonly mac: Mac;
  /** Option 61 in hex. */
  readonly clientId?: string | undefined;
  readonly hostname?: string | undefined;
  /** nobody: the record says that there is no lease of this address (any more). */
  readonly state: BindingState | 'nobody';
  /** Unix milliseconds. A declined address whose file knows no end has FOREVER. */
  readonly expiresAt: number;
  /** Unix milliseconds of the client's last message, as far as the file tells. */
  readonly touchedAt: number;
}

/** What cannot be understood, and where. */
export interface LeaseFault {
  readonly place: Place;
  readonly message: string;
}

export interface LeaseRecords {
  readonly records: readonly LeaseRecord[];
  readonly faults: readonly LeaseFault[];
}

/** Thrown within a reader and caught within it: the rest of this record is passed over. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord';
  readonly place: Place;
  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

/** Octets in hex, one or two digits each, by colons or hyphens → lower-case hex without separators. Undefined: it is not. */
export function hexOctets(text: string): string | undefined {
  if (!/^[0-9a-f]{1,2}([:-][0-9a-f]{1,2})*$/i.test(text)) return undefined;
  return text
    .toLowerCase()
    .split(/[:-]/)
    .map((octet) => octet.padStart(2, '0'))
    .join('');
}

/** Hex without separators → octets joined by colons. */
export const withColons = (hex: string): Mac => (hex.match(/../g) ?? []).join(':');
