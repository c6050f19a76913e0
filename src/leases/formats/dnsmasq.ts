/**
 * dnsmasq.leases: a line a lease, `1750000000 52:54:00:aa:00:01 10.0.0.5 node1 01:52:54:00:aa:00:01`. Expiry 0 is never;
 * `*` stands for nothing; hardware that is no Ethernet has its ARP type in front of the octets. A line that begins with
 * `duid` opens the IPv6 part.
 */
import { parseIpv4 } from '../../values/ipv4.ts';
import { FOREVER } from '../allocate.ts';
import {
  BadRecord,
  hexOctets,
  type LeaseFault,
  type LeaseRecord,
  type LeaseRecords,
  withColons,
} from './record.ts';

interface Word {
  readonly text: string;
  readonly column: number;
}

const wordsOf = (line: string): Word[] =>
  [...line.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));

export function readDnsmasq(text: string, now: number): LeaseRecords {
  const records: LeaseRecord[] = [];
  const faults: LeaseFault[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const words = wordsOf(content);
    if (words.length === 0) continue;
    if (words[0]?.text === 'duid') break;
    try {
      records.push(recordOf(words, index + 1, now));
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      faults.push({ place: error.place, message: error.message });
    }
  }
  return { records, faults };
}

function recordOf(words: readonly Word[], line: number, now: number): LeaseRecord {
  const take = <T>(index: number, what: string, parse: (text: string) => T | undefined): T => {
    const word = words[index];
    const end = words.at(-1);
    if (word === undefined) {
      const column = (end?.column ?? 1) + (end?.text.length ?? 0);
      throw new BadRecord({ line, column }, `the line ends where ${what} is wanted`);
    }
    const value = parse(word.text);
    if (value !== undefined) return value;
    throw new BadRecord({ line, column: word.column }, `${JSON.stringify(word.text)} is no ${what}`);
  };

  const seconds = take(0, 'expiry time in seconds', (text) =>
    /^\d{1,11}$/.test(text) ? Number(text) : undefined,
  );
  const mac = take(1, 'hardware address', (text) => hexOctets(text.replace(/^[0-9a-f]{2}-/i, '')));
  const ip = take(2, 'IPv4 address', parseIpv4);
  const hostname = take(3, 'host name or *', (text) => text);
  const clientId = take(4, 'client identifier or *', (text) => (text === '*' ? '' : hexOctets(text)));
  const expiresAt = seconds === 0 ? FOREVER : seconds * 1000;
  return {
    place: { line, column: words[0]?.column ?? 1 },
    ip,
    mac: withColons(mac),
    clientId: clientId === '' ? undefined : clientId,
    hostname: hostname === '*' ? undefined : hostname,
    state: 'bound',
    expiresAt,
    // The file does not tell; whoever has a lease has been heard of, and nobody after its end.
    touchedAt: Math.min(now, expiresAt),
  };
}
