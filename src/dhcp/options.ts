/** Options by name and number: what configuration, explain and the log say of them. */
import { OPTION } from './codes.ts';
import { OPTION_TABLE, type OptionName, type OptionRow } from './option-table.ts';
import { formatTextOrHex } from './shapes/bytes.ts';
import { isShapeError } from './shapes/shape.ts';
import { encoded, parseUntyped } from './shapes/untyped.ts';
import { visible } from './wiretext.ts';

export type { OptionName, OptionRow };

const BY_CODE: ReadonlyMap<number, OptionRow> = new Map(
  OPTION_TABLE.map((row: OptionRow) => [row.code, row]),
);
const BY_NAME: ReadonlyMap<string, OptionRow> = new Map(
  OPTION_TABLE.flatMap((row: OptionRow) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** By name or alias, as they are written (lower case, hyphens). */
export function optionByName(name: string): OptionRow | undefined {
  return BY_NAME.get(name);
}

export function optionByCode(code: number): OptionRow | undefined {
  return BY_CODE.get(code);
}

/** An option's bytes as the configuration reader wants them, or what to tell the author. */
export type ParsedOption =
  | { readonly code: number; readonly bytes: Uint8Array }
  | { readonly error: string; readonly hint?: string };

/** Options that the server writes from the conversation itself; a fixed value would break it. */
const NOT_CONFIGURABLE: ReadonlyMap<number, string> = new Map<number, string>([
  [OPTION.REQUESTED_ADDRESS, 'it is what a client sends'],
  [OPTION.LEASE_TIME, 'set leaseTime of the subnet instead'],
  [OPTION.OVERLOAD, 'it follows from the size of a reply'],
  [OPTION.MESSAGE_TYPE, 'it follows from the request'],
  [OPTION.SERVER_ID, 'set serverAddress instead'],
  [OPTION.PARAMETER_LIST, 'it is what a client sends'],
  [OPTION.MAX_SIZE, 'it is what a client sends'],
  [OPTION.CLIENT_ID, "the client's own is sent back"],
  [OPTION.RELAY_AGENT, "the relay's own is sent back"],
]);

/**
 * A configured option → its number and wire bytes. `nameOrCode` is a name, an alias, a number, or a number in text
 * (as keys of a YAML mapping are). A number that the table does not have takes hex, text, or a value whose form is
 * named (`{ uint16: 8080 }`).
 */
export function parseOption(nameOrCode: string | number, value: unknown): ParsedOption {
  const code = optionCode(nameOrCode);
  if (code === undefined) return unknownOption(nameOrCode);
  const row = BY_CODE.get(code);
  const label = row === undefined ? `option ${code}` : row.name;
  const reserved = NOT_CONFIGURABLE.get(code);
  if (reserved !== undefined) return failure(`${label} (${code}) cannot be configured`, reserved);
  const bytes = row === undefined ? parseUntyped(value) : encoded(row.shape, value);
  return isShapeError(bytes) ? failure(`${label}: ${bytes.shapeError}`, bytes.hint) : { code, bytes };
}

function optionCode(nameOrCode: string | number): number | undefined {
  const named = typeof nameOrCode === 'string' ? BY_NAME.get(nameOrCode)?.code : undefined;
  if (named !== undefined) return named;
  const code =
    typeof nameOrCode === 'number' || /^\d{1,3}$/.test(nameOrCode) ? Number(nameOrCode) : Number.NaN;
  return Number.isInteger(code) && code > OPTION.PAD && code < OPTION.END ? code : undefined;
}

function unknownOption(nameOrCode: string | number): ParsedOption {
  if (typeof nameOrCode === 'number' || /^-?\d+$/.test(nameOrCode)) {
    return failure(`${nameOrCode} is no option number`, 'options have numbers from 1 to 254');
  }
  const nearest = nearestOptionName(nameOrCode);
  return failure(
    `there is no option "${nameOrCode}"`,
    nearest === undefined ? 'an option that has no name here goes by its number' : `did you mean ${nearest}?`,
  );
}

function failure(error: string, hint: string | undefined): ParsedOption {
  return hint === undefined ? { error } : { error, hint };
}

/** The bytes for people, on one line: by the option's shape; where they do not fit it or it is unknown, as text or hex. */
export function formatOption(code: number, bytes: Uint8Array): string {
  const row = BY_CODE.get(code);
  const value = row?.shape.decode(bytes);
  return row === undefined || isShapeError(value) ? formatTextOrHex(bytes) : visible(row.shape.format(value));
}

/** The name or alias that a misspelt one is nearest to; undefined when nothing is near. */
export function nearestOptionName(name: string): string | undefined {
  const written = name.toLowerCase().replaceAll(/[_\s]/g, '-');
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const known of BY_NAME.keys()) {
    const distance = editDistance(written, known);
    if (distance < bestDistance) {
      best = known;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein: insertions, deletions and replacements from one text to the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, left] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, right] of [...b].entries()) {
      const replace = (previous[column] ?? 0) + (left === right ? 0 : 1);
      const insert = (current[column] ?? 0) + 1;
      const remove = (previous[column + 1] ?? 0) + 1;
      current.push(Math.min(replace, insert, remove));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
