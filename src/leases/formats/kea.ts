/**
 * Kea's memfile: CSV with a header, a line for each change, the last of an address counts. A lifetime of 0 deletes. A comma
 * inside a value is written `&#x2c`, and other characters alike. Versions differ in the columns at the end.
 */
import { formatIpv4, parseIpv4 } from '../../values/ipv4.ts';
import { FOREVER } from '../allocate.ts';
import type { Binding, BindingState } from '../store.ts';
import {
  BadRecord,
  hexOctets,
  type LeaseFault,
  type LeaseRecord,
  type LeaseRecords,
  withColons,
} from './record.ts';

const REQUIRED = ['address', 'hwaddr', 'client_id', 'valid_lifetime', 'expire', 'hostname', 'state'] as const;
type Column = (typeof REQUIRED)[number];

/** RFC 2131 §3.3. */
const INFINITE_SECONDS = 0xffff_ffff;

/** By Kea's number: assigned, declined, expired and reclaimed, released. */
const STATES: readonly BindingState[] = ['bound', 'declined', 'bound', 'released'];
const RECLAIMED = 2;

interface Cell {
  readonly text: string;
  readonly column: number;
}

function cellsOf(line: string): Cell[] {
  let column = 1;
  return line.split(',').map((text) => {
    const cell = { text: decoded(text), column };
    column += text.length + 1;
    return cell;
  });
}

const decoded = (text: string): string =>
  text.replace(/&#x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** `&` too, lest a client that calls itself `a&#x2cb` becomes another. */
const encoded = (text: string): string =>
  text.replace(
    /[\p{Cc},&]/gu,
    (character) => `&#x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );

export function readKea(text: string, now: number): LeaseRecords {
  const [head = '', ...lines] = text.split(/\r?\n/);
  const names = head.split(',');
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const message = `the header lacks ${missing.join(', ')}: this is no lease file of Kea's for DHCPv4`;
    return { records: [], faults: [{ place: { line: 1, column: 1 }, message }] };
  }
  const records: LeaseRecord[] = [];
  const faults: LeaseFault[] = [];
  for (const [index, content] of lines.entries()) {
    if (content === '') continue;
    try {
      records.push(recordOf(cellsOf(content), names, index + 2, now));
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      faults.push({ place: error.place, message: error.message });
    }
  }
  return { records, faults };
}

function recordOf(cells: readonly Cell[], names: readonly string[], line: number, now: number): LeaseRecord {
  const end = cells.at(-1);
  if (cells.length < names.length) {
    const column = (end?.column ?? 1) + (end?.text.length ?? 0);
    throw new BadRecord({ line, column }, `${cells.length} values where the header names ${names.length}`);
  }
  const take = <T>(name: Column, what: string, parse: (text: string) => T | undefined): T => {
    const { text, column } = cells[names.indexOf(name)] ?? { text: '', column: 1 };
    const value = parse(text);
    if (value !== undefined) return value;
    throw new BadRecord({ line, column }, `${name}: ${JSON.stringify(text)} is no ${what}`);
  };
  const number = (text: string): number | undefined => (/^\d{1,12}$/.test(text) ? Number(text) : undefined);
  const hex = (text: string): string | undefined => (text === '' ? '' : hexOctets(text));

  const ip = take('address', 'IPv4 address', parseIpv4);
  const mac = take('hwaddr', 'hardware address', hex);
  const clientId = take('client_id', 'client identifier', hex);
  const lifetime = take('valid_lifetime', 'number of seconds', number);
  const expire = take('expire', 'time in seconds', number) * 1000;
  const code = take('state', 'state', (text) => (/^[0-3]$/.test(text) ? Number(text) : undefined));
  const hostname = take('hostname', 'host name', (text) => text);
  const running = lifetime === INFINITE_SECONDS ? FOREVER : expire;
  return {
    place: { line, column: 1 },
    ip,
    mac: withColons(mac),
    clientId: clientId === '' ? undefined : clientId,
    hostname: hostname === '' ? undefined : hostname,
    state: lifetime === 0 ? 'nobody' : (STATES[code] as BindingState),
    expiresAt: code === RECLAIMED ? Math.min(running, now) : running,
    touchedAt: Math.max(0, expire - lifetime * 1000),
  };
}

/** Hex digits: Kea drops leases whose identifier has less than 2 bytes or more than 128. Without it their clients go by MAC. */
const KEA_CLIENT_ID = { shortest: 4, longest: 256 };

const isForKea = (clientId: string | undefined): clientId is string =>
  clientId !== undefined &&
  clientId.length >= KEA_CLIENT_ID.shortest &&
  clientId.length <= KEA_CLIENT_ID.longest;

/** As Kea 2.2 writes it; later versions add columns, and read files that lack them. */
const HEADER =
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context';

/**
 * Bindings as Kea reads them. `subnetId` tells the id of the subnet of an address in Kea's configuration. Kea counts from
 * the client's last message, which is when the lease began for this purpose.
 */
export function* writeKea(bindings: Iterable<Binding>, subnetId: (ip: number) => number): Iterable<string> {
  yield `${HEADER}\n`;
  for (const { ip, mac, clientId, hostname, state, expiresAt, touchedAt } of bindings) {
    const began = Math.floor(touchedAt / 1000);
    const lifetime =
      expiresAt >= FOREVER ? INFINITE_SECONDS : Math.max(1, Math.round(expiresAt / 1000) - began);
    const isDeclined = state === 'declined';
    const cells = [
      formatIpv4(ip),
      isDeclined ? '' : mac,
      isDeclined || !isForKea(clientId) ? '' : withColons(clientId),
      lifetime,
      began + lifetime,
      subnetId(ip),
      0,
      0,
      encoded(hostname ?? ''),
      isDeclined ? 1 : 0,
      '',
    ];
    yield `${cells.join(',')}\n`;
  }
}
