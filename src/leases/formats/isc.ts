/**
 * dhcpd.leases of ISC dhcpd: `lease ADDRESS { statement; … }`, one for each change, the last of an address counts. Blocks
 * of other kinds (hosts, failover peers, IPv6) and statements that do not matter here are passed over.
 */
import { Buffer } from 'node:buffer';
import { parseIpv4 } from '../../values/ipv4.ts';
import { FOREVER } from '../allocate.ts';
import { type Token, tokensOf } from './isc-tokens.ts';
import {
  BadRecord,
  hexOctets,
  type LeaseFault,
  type LeaseRecord,
  type LeaseRecords,
  type Place,
  withColons,
} from './record.ts';

/** What the statements of one block have told so far. */
interface Told {
  starts?: number | undefined;
  ends?: number | undefined;
  cltt?: number | undefined;
  state?: string | undefined;
  mac?: string | undefined;
  clientId?: string | undefined;
  hostname?: string | undefined;
}

/** A statement: its words. */
type Statement = readonly [Token, ...Token[]];

export function readIsc(text: string, now: number): LeaseRecords {
  const records: LeaseRecord[] = [];
  const faults: LeaseFault[] = [];
  const tokens = createTokens(text);
  for (;;) {
    const first = tokens.next();
    if (first.kind === 'end') {
      const isTold = faults.at(-1)?.place === first.place;
      if (first.text !== '' && !isTold) faults.push({ place: first.place, message: first.text });
      return { records, faults };
    }
    try {
      if (first.kind === 'word' && first.text === 'lease') records.push(readLease(tokens, first, now));
      else if (first.kind === 'word') tokens.words();
      else throw new BadRecord(first.place, `a statement is wanted, and here stands ${quoted(first)}`);
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      faults.push({ place: error.place, message: error.message });
      tokens.recover();
    }
  }
}

type Tokens = ReturnType<typeof createTokens>;

function createTokens(text: string) {
  const source = tokensOf(text);
  let depth = 0;
  let last: Token | undefined;

  const next = (): Token => {
    if (last?.kind === 'end') return last;
    last = source.next().value;
    if (last.kind === '{') depth++;
    else if (last.kind === '}' && depth > 0) depth--;
    return last;
  };

  /** Up to the `}` that leads back to this depth, or to the end. */
  const leaveTo = (target: number): void => {
    while (depth > target && next().kind !== 'end');
  };

  function words(): Token[] | undefined {
    const found: Token[] = [];
    for (let token = next(); token.kind !== ';'; token = next()) {
      if (token.kind === 'end')
        throw new BadRecord(token.place, token.text || 'the file ends within a statement');
      if (token.kind === '}') throw new BadRecord(token.place, '; is wanted before }');
      if (token.kind === '{') {
        leaveTo(depth - 1);
        return undefined;
      }
      found.push(token);
    }
    return found;
  }

  return {
    next,
    /** The words up to `;`. Undefined when a block of the statement's own stands there, which is passed over. */
    words,
    /** To where a statement of the file's own can begin. */
    recover(): void {
      if (depth > 0) leaveTo(0);
      else if (last?.kind === 'word' || last?.kind === 'text') skipHeader();
    },
  };

  /** What belongs to a block whose beginning was not understood. */
  function skipHeader(): void {
    try {
      words();
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
    }
  }
}

const quoted = ({ kind, text }: Token): string =>
  kind === 'end' ? 'the end of the file' : JSON.stringify(text);

function readLease(tokens: Tokens, opening: Token, now: number): LeaseRecord {
  const address = tokens.next();
  const ip = parseIpv4(address.text);
  if (address.kind !== 'word' || ip === undefined) {
    throw new BadRecord(address.place, `${quoted(address)} is no IPv4 address`);
  }
  const brace = tokens.next();
  if (brace.kind !== '{') throw new BadRecord(brace.place, `{ is wanted, and here stands ${quoted(brace)}`);
  const told: Told = {};
  for (;;) {
    const token = tokens.next();
    if (token.kind === '}') return recordOf(told, ip, opening.place, now);
    if (token.kind === 'end') throw new BadRecord(token.place, token.text || 'the file ends within a lease');
    const rest = tokens.words();
    if (rest !== undefined) hear(told, [token, ...rest]);
  }
}

function hear(told: Told, [name, ...words]: Statement): void {
  const first = words[0];
  const fail = (what: string): never => {
    throw new BadRecord(
      first?.place ?? name.place,
      `${name.text}: ${first === undefined ? 'nothing' : quoted(first)} is no ${what}`,
    );
  };
  switch (name.text) {
    case 'starts':
    case 'ends':
    case 'cltt':
      told[name.text] = timeOf(words) ?? fail('time');
      break;
    case 'binding':
      told.state = words[1]?.text ?? fail('binding state');
      break;
    case 'abandoned':
      told.state = 'abandoned';
      break;
    case 'hardware':
      told.mac = hexOctets(words[1]?.text ?? '') ?? fail('hardware address');
      break;
    case 'uid':
      told.clientId = first === undefined ? fail('client identifier') : uidOf(first);
      break;
    case 'client-hostname':
      told.hostname = Buffer.from(first?.text ?? '', 'latin1').toString('utf8');
      break;
  }
}

/** In quotes, or in hex with colons. */
function uidOf(token: Token): string {
  if (token.kind === 'text') return Buffer.from(token.text, 'latin1').toString('hex');
  const hex = hexOctets(token.text);
  if (hex === undefined) throw new BadRecord(token.place, `uid: ${quoted(token)} is no client identifier`);
  return hex;
}

/** `4 2026/11/21 01:41:03` in UTC, `epoch 1795225277`, `never` → Unix milliseconds. */
function timeOf(words: readonly Token[]): number | undefined {
  const [first, second, third] = words.map(({ text }) => text);
  if (first === 'never') return FOREVER;
  if (first === 'epoch') return /^\d{1,12}$/.test(second ?? '') ? Number(second) * 1000 : undefined;
  const date = /^(\d{4})\/(\d{1,2})\/(\d{1,2})$/.exec(second ?? '');
  const time = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(third ?? '');
  if (date === null || time === null) return undefined;
  const [year = 0, month = 0, day = 0] = date.slice(1).map(Number);
  const [hour = 0, minute = 0, second_ = 0] = time.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second_);
}

function recordOf(told: Told, ip: number, place: Place, now: number): LeaseRecord {
  const { starts, ends, cltt, state = 'active', mac, clientId, hostname } = told;
  const expiresAt = ends ?? FOREVER;
  const touchedAt = cltt ?? starts ?? Math.min(expiresAt, now);
  const base = {
    place,
    ip,
    mac: withColons(mac ?? ''),
    clientId,
    hostname: hostname === '' ? undefined : hostname,
    touchedAt,
  };
  // An abandoned address was found in use by a stranger, and stays out until an administrator sees to it.
  if (state === 'abandoned') return { ...base, state: 'declined', expiresAt: FOREVER };
  if (state === 'active' || state === 'bootp') return { ...base, state: 'bound', expiresAt };
  const over = Math.min(expiresAt, now);
  // free and backup: its last client is remembered, as it is by dhcpd. expired, reset: the same.
  return { ...base, state: state === 'released' ? 'released' : 'bound', expiresAt: over };
}
