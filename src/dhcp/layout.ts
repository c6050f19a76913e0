/** Which options a message carries, in what order, and in which of its three areas. */
import { OPTION } from './codes.ts';
import { FILE_SIZE, OVERLOAD_FILE, OVERLOAD_SNAME, SNAME_SIZE } from './decode.ts';
import type { OptionBytes } from './packet.ts';

export type OptionEntry = readonly [code: number, data: Uint8Array];

export interface LayoutLimits {
  /** Bytes from the cookie to END, both included. */
  readonly room: number;
  readonly overloadFile: boolean;
  readonly overloadSname: boolean;
}

export interface Layout {
  /** The options field, in writing order. */
  readonly main: OptionBytes;
  /** Set when that header field holds options. */
  readonly inFile: OptionBytes | undefined;
  readonly inSname: OptionBytes | undefined;
  /** Bytes of the options field with cookie and END; 0 when there is no option at all. */
  readonly size: number;
  readonly dropped: readonly number[];
}

/** Bytes on the wire of an option, split into parts of 255 where it must be (RFC 3396). */
export function optionSize(length: number): number {
  return length <= 255 ? length + 2 : length + 2 * Math.ceil(length / 255);
}

const COOKIE_AND_END = 5;

/**
 * What a client needs first, first: the message itself, the lease, the network, then where it boots from. Everything
 * not named comes after, in the packet's order.
 */
const RANKS: ReadonlyMap<number, number> = new Map(
  [53, 54, 82, 51, 58, 59, 61, 56, 1, 3, 6, 121, 67, 66, 60, 43, 97, 175, 150, 15, 12, 28, 42].map(
    (code, rank) => [code, rank],
  ),
);

/** Where an option stands in a message: the type first, then who speaks, and option 82 last (RFC 3046 §2.1). */
function placeOf(code: number): number {
  if (code === OPTION.MESSAGE_TYPE) return 0;
  if (code === OPTION.SERVER_ID) return 1;
  return code === OPTION.RELAY_AGENT ? 3 : 2;
}

const isNumber = (code: number): boolean => code > OPTION.PAD && code < OPTION.END;

/** Whether the options can be written as they stand, as those of our replies can. */
function areInOrder(options: OptionBytes): boolean {
  let place = 0;
  let inOrder = true;
  options.forEach((_, code) => {
    const own = placeOf(code);
    if (own < place || !isNumber(code) || code === OPTION.OVERLOAD) inOrder = false;
    place = own;
  });
  return inOrder;
}

/** `overflow`: names too long for their header field; each counts only when the packet lacks that option. */
export function layOut(options: OptionBytes, overflow: readonly OptionEntry[], limits: LayoutLimits): Layout {
  if (overflow.length === 0 && areInOrder(options)) return fit(options, [], limits);
  const entries = [...options, ...overflow.filter(([code]) => !options.has(code))];
  const main = entries
    // The encoder writes the overload option itself where it overloads.
    .filter(([code]) => isNumber(code) && code !== OPTION.OVERLOAD)
    .sort(([a], [b]) => placeOf(a) - placeOf(b));
  const dropped = entries.map(([code]) => code).filter((code) => !isNumber(code));
  return fit(new Map(main), dropped, limits);
}

function fit(main: OptionBytes, dropped: readonly number[], limits: LayoutLimits): Layout {
  if (main.size === 0) return { main, inFile: undefined, inSname: undefined, size: 0, dropped };
  let size = COOKIE_AND_END;
  main.forEach((data) => {
    size += optionSize(data.length);
  });
  if (size <= limits.room) return { main, inFile: undefined, inSname: undefined, size, dropped };
  return squeeze([...main], dropped, limits);
}

/** Fills the areas by rank: what is needed most takes its place first, each option goes where it fits whole. */
function squeeze(entries: readonly OptionEntry[], dropped: readonly number[], limits: LayoutLimits): Layout {
  const overload = (limits.overloadFile ? OVERLOAD_FILE : 0) | (limits.overloadSname ? OVERLOAD_SNAME : 0);
  const main = area(limits.room - COOKIE_AND_END - (overload === 0 ? 0 : 3));
  const file = area(limits.overloadFile ? FILE_SIZE - 1 : 0);
  const sname = area(limits.overloadSname ? SNAME_SIZE - 1 : 0);
  const lost = new Set<number>();
  for (const entry of [...entries].sort((a, b) => rankOf(a[0]) - rankOf(b[0]))) {
    // RFC 3046 §2.1 and RFC 2131 §4.1: what relays and clients look for first stays in the options field proper.
    const pinned = entry[0] === OPTION.RELAY_AGENT || entry[0] === OPTION.MESSAGE_TYPE;
    if (main.take(entry)) continue;
    if (pinned || !(file.take(entry) || sname.take(entry))) lost.add(entry[0]);
  }
  const inOrder = (taken: ReadonlySet<number>) => entries.filter(([code]) => taken.has(code));
  const kept = inOrder(main.codes);
  const used = (file.codes.size > 0 ? OVERLOAD_FILE : 0) | (sname.codes.size > 0 ? OVERLOAD_SNAME : 0);
  if (used !== 0) kept.splice(afterMessageType(kept), 0, [OPTION.OVERLOAD, Uint8Array.of(used)]);
  return {
    main: new Map(kept),
    inFile: file.codes.size > 0 ? new Map(inOrder(file.codes)) : undefined,
    inSname: sname.codes.size > 0 ? new Map(inOrder(sname.codes)) : undefined,
    size: COOKIE_AND_END + kept.reduce((sum, [, data]) => sum + optionSize(data.length), 0),
    dropped: [...dropped, ...entries.map(([code]) => code).filter((code) => lost.has(code))],
  };
}

function area(room: number) {
  const codes = new Set<number>();
  let left = room;
  return {
    codes: codes as ReadonlySet<number>,
    take([code, data]: OptionEntry): boolean {
      const size = optionSize(data.length);
      if (size > left) return false;
      left -= size;
      codes.add(code);
      return true;
    },
  };
}

function rankOf(code: number): number {
  return RANKS.get(code) ?? RANKS.size;
}

function afterMessageType(entries: readonly OptionEntry[]): number {
  return entries[0]?.[0] === OPTION.MESSAGE_TYPE ? 1 : 0;
}
