/**
 * Who made a network card, by the IEEE registries as `oui-data` carries them. The package is one JSON file of 5.6 MB;
 * parsing it stops the loop for a tenth of a second and leaves 35 MB behind, so it is read as bytes, off the loop, and
 * searched in place: its lines are sorted by length of prefix, then by prefix.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Mac } from '../values/mac.ts';

export interface Vendors {
  /** The maker's short name; undefined when unknown, or while the registry is still being read for the first time. */
  nameOf(mac: Mac): string | undefined;
  /** Resolves when names can be told; never rejects: without its registry the appliance boots machines just as well. */
  ready(): Promise<void>;
}

/** Hex digits of a prefix, the most specific first: MA-S, MA-M, MA-L (IEEE RA). */
const PREFIX_LENGTHS = [9, 7, 6] as const;

/** Outside the registry, because the address is locally administered, yet the same everywhere: QEMU's default. */
const LOCAL_PREFIXES: ReadonlyMap<string, string> = new Map([['525400', 'QEMU']]);

const REMEMBERED_MACS = 4096;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Nothing is read before the first question. */
export function createVendors(): Vendors {
  const remembered = new Map<Mac, string | undefined>();
  let registry: Buffer | undefined;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    try {
      registry = await readFile(fileURLToPath(import.meta.resolve('oui-data')));
    } catch {
      registry = Buffer.alloc(0);
    }
  }

  function ready(): Promise<void> {
    reading ??= read();
    return reading;
  }

  return {
    ready,
    nameOf(mac) {
      if (registry === undefined) {
        void ready();
        return undefined;
      }
      if (remembered.has(mac)) return remembered.get(mac);
      if (remembered.size >= REMEMBERED_MACS) remembered.clear();
      const name = findVendor(registry, mac);
      remembered.set(mac, name);
      return name;
    },
  };
}

/** Looks a MAC up in the text of the registry; undefined when no prefix of it is assigned. */
export function findVendor(registry: Buffer, mac: Mac): string | undefined {
  const digits = mac.replaceAll(':', '').toUpperCase();
  for (const length of PREFIX_LENGTHS) {
    const name = findPrefix(registry, digits.slice(0, length));
    if (name !== undefined) return name;
  }
  return LOCAL_PREFIXES.get(digits.slice(0, 6));
}

/** Binary search over lines of the form ` "0055DA0": "Name\nStreet\nTown",`. */
function findPrefix(registry: Buffer, prefix: string): string | undefined {
  let low = 0;
  let high = registry.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const start = middle === 0 ? 0 : registry.lastIndexOf(NEWLINE, middle - 1) + 1;
    const newline = registry.indexOf(NEWLINE, middle);
    const end = newline < 0 ? registry.length : newline;
    const line = registry.subarray(start, end);
    const order = compareKey(keyOf(line), prefix, start);
    if (order === 0) return firstLineOf(line);
    if (order < 0) low = end + 1;
    else high = start;
  }
  return undefined;
}

/** The key of a line; undefined on the braces, which are the first and the last line. */
function keyOf(line: Buffer): string | undefined {
  const open = line.indexOf(QUOTE);
  return open < 0 ? undefined : line.toString('latin1', open + 1, line.indexOf(QUOTE, open + 1));
}

/** Negative when the key comes before the prefix. The opening brace comes before everything, the closing one after. */
function compareKey(key: string | undefined, prefix: string, start: number): number {
  if (key === undefined) return start === 0 ? -1 : 1;
  if (key.length !== prefix.length) return key.length - prefix.length;
  if (key === prefix) return 0;
  return key < prefix ? -1 : 1;
}

/** The value's first line, which is the name; the rest is a postal address. */
function firstLineOf(line: Buffer): string | undefined {
  const open = line.indexOf('": "');
  if (open < 0) return undefined;
  let end = open + 4;
  while (end < line.length && line[end] !== QUOTE && !isLineBreak(line, end)) {
    end += line[end] === BACKSLASH ? 2 : 1;
  }
  const value: unknown = JSON.parse(`"${line.toString('utf8', open + 4, end)}"`);
  return typeof value === 'string' ? value.trim() : undefined;
}

/** Whether the JSON escape `\n` stands here. */
function isLineBreak(line: Buffer, at: number): boolean {
  return line[at] === BACKSLASH && line[at + 1] === 0x6e;
}
