/** Options that hold sub-options: 43, 82, 122, 139, 140, 175 and others. */
import { decodeSuboptions, encodeSuboptions } from '../suboptions.ts';
import { formatHex, formatTextOrHex } from './bytes.ts';
import { all, isShapeError, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';
import { encoded, parseUntyped } from './untyped.ts';

/** What is known of one sub-option. */
export interface SuboptionRow {
  readonly name: string;
  readonly shape: Shape<unknown>;
}

export type SuboptionTable = Readonly<Record<number, SuboptionRow>>;

export type Suboptions = ReadonlyMap<number, Uint8Array>;

/** A mapping from sub-option number (or name, where the table has one) to a value. */
export function encapsulated(table: SuboptionTable = {}): Shape<Suboptions> {
  return {
    expects: 'a mapping from sub-option number to value',
    decode: decodeSuboptions,
    encode: encodeSuboptions,
    format: (suboptions) => [...suboptions].map(([code, data]) => formatOne(table, code, data)).join(', '),
    parse(input) {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) {
        return unexpected(input, this.expects, 'write { 6: 8, 10: "01:02" }');
      }
      const entries = all(Object.entries(input), (entry) => parseOne(table, entry));
      if (isShapeError(entries)) return entries;
      return entries.length === 0 ? unexpected(input, this.expects) : new Map(entries);
    },
  };
}

function parseOne(table: SuboptionTable, [key, value]: [string, unknown]): [number, Uint8Array] | ShapeError {
  const code = /^\d{1,3}$/.test(key) ? Number(key) : codeByName(table, key);
  if (code === undefined || code < 1 || code > 254) {
    const names = Object.values(table).map((row) => row.name);
    return shapeError(
      `no sub-option "${key}"`,
      names.length === 0 ? 'sub-options are numbers from 1 to 254' : `known names: ${names.join(', ')}`,
    );
  }
  const row = table[code];
  const data = row === undefined ? parseUntyped(value) : encoded(row.shape, value);
  if (isShapeError(data)) return { ...data, shapeError: `sub-option ${key}: ${data.shapeError}` };
  return [code, data];
}

function codeByName(table: SuboptionTable, name: string): number | undefined {
  const found = Object.entries(table).find(([, row]) => row.name === name);
  return found === undefined ? undefined : Number(found[0]);
}

function formatOne(table: SuboptionTable, code: number, data: Uint8Array): string {
  const row = table[code];
  if (row === undefined) return `${code}=${formatTextOrHex(data)}`;
  const value = row.shape.decode(data);
  return `${row.name}=${isShapeError(value) ? formatHex(data) : row.shape.format(value)}`;
}

/**
 * Option 43: sub-options for most vendors, but some put bare text or an address there, so bytes that are no
 * sub-options are told as they are, and text in YAML is taken literally.
 */
export const vendorOptions: Shape<Suboptions | Uint8Array> = {
  expects: 'a mapping from sub-option number to value, bytes in hex, or text',
  decode(bytes) {
    const suboptions = decodeSuboptions(bytes);
    return isShapeError(suboptions) || suboptions.size === 0 ? bytes : suboptions;
  },
  encode: (value) => (value instanceof Uint8Array ? value : encodeSuboptions(value)),
  format: (value) => (value instanceof Uint8Array ? formatTextOrHex(value) : encapsulated().format(value)),
  parse(input) {
    return typeof input === 'object' ? encapsulated().parse(input) : parseUntyped(input);
  },
};
