/**
 * Firmware that departs from the norm, as data: which clients, what is done otherwise for them, and how that is known.
 * The norm itself — what RFC 2131 and PXE say, and what every client bears — is in decide/.
 */
import type { Mac } from '../values/mac.ts';
import type { Arch } from './arch.ts';
import type { Facts, Stage } from './facts.ts';
import { anyGlobMatches } from './glob.ts';
import type { IpxeFeature } from './ipxe-features.ts';

/** Whether we give the addresses, or answer beside a server that does (port 4011 included). */
export type QuirkMode = 'full' | 'proxy';

/** All keys that are there must hold; a list means any of. */
export interface QuirkMatch {
  /** Exact or glob, lower case. */
  readonly mac?: readonly Mac[] | undefined;
  readonly arch?: readonly (Arch | number)[] | undefined;
  readonly stage?: readonly Stage[] | undefined;
  /** Globs. */
  readonly vendorClass?: readonly string[] | undefined;
  readonly userClass?: readonly string[] | undefined;
  /** Globs over the canonical text, in either byte order (peers P17). */
  readonly uuid?: readonly string[] | undefined;
  readonly mode?: QuirkMode | undefined;
  /** Of an iPXE: whether it is the one that its firmware was given by us. */
  readonly chained?: boolean | undefined;
  /** An iPXE that says what it has (option 175), and has not any one of these. */
  readonly lacks?: readonly IpxeFeature[] | undefined;
}

/** What is done otherwise. An absent key leaves the norm. */
export interface Adjustment {
  /** Proxy mode, bare firmware: whether option 43 says to take the boot file of this very reply. */
  readonly discovery?: 'skip' | 'none' | undefined;
  /** How bare firmware is sent to its disk: by a PXE menu of one item, the local disk, or by an offer of nothing. */
  readonly localBoot?: 'menu' | 'silence' | undefined;
  /** The menu that a Raspberry Pi's ROM looks for before it asks for any file. */
  readonly piMenu?: boolean | undefined;
  /** Take this iPXE for bare firmware: it is given our own iPXE first. */
  readonly chainIpxe?: boolean | undefined;
  /** The first stage, over the built-in table; a profile's boot.firmware is over it. */
  readonly firmware?: string | undefined;
  /** Name TFTP files by a whole URL. */
  readonly tftpUrl?: boolean | undefined;
  /** Reply by broadcast whatever the client's flag says. */
  readonly broadcast?: boolean | undefined;
  /** Milliseconds between a message and its answer. */
  readonly replyDelay?: number | undefined;
  /** Full mode: milliseconds that an offered address is held for its client. */
  readonly offerHold?: number | undefined;
  /** Further options of a reply, over all others. */
  readonly options?: ReadonlyMap<number, Uint8Array> | undefined;
  /** Options that this client must not be sent. */
  readonly without?: readonly number[] | undefined;
}

export interface Quirk {
  /** A configured quirk of a built-in one's name takes its place. */
  readonly name: string;
  readonly match: QuirkMatch;
  readonly adjust: Adjustment;
  /** Where this is known from. */
  readonly evidence: string;
}

/** What the quirks that match a client come to. */
export interface Applied {
  /** In the table's order. */
  readonly quirks: readonly Quirk[];
  /** All of their adjustments; of two that set one key, the later one's. */
  readonly adjust: Adjustment;
}

const NONE: Applied = { quirks: [], adjust: {} };

type Check = (match: QuirkMatch, facts: Facts, mode: QuirkMode) => boolean | undefined;

const matchesText = (patterns: readonly string[] | undefined, text: string | undefined) =>
  patterns && text !== undefined && anyGlobMatches(patterns, text);

/** One row a key, cheap ones first; undefined: the key is not there. */
const CHECKS: readonly Check[] = [
  (match, facts) => match.stage?.includes(facts.stage),
  (match, _, mode) => match.mode && match.mode === mode,
  (match, facts) =>
    match.arch?.some((wanted) =>
      typeof wanted === 'number' ? wanted === facts.archCode : wanted === facts.arch,
    ),
  (match, facts) => (match.chained === undefined ? undefined : match.chained === facts.chained),
  ({ lacks }, { ipxeFeatures }) =>
    lacks &&
    ipxeFeatures !== undefined &&
    ipxeFeatures.size > 0 &&
    lacks.some((name) => !ipxeFeatures.has(name)),
  (match, facts) => matchesText(match.mac, facts.mac),
  (match, facts) => matchesText(match.vendorClass, facts.vendorClass),
  ({ uuid }, facts) =>
    uuid && [facts.uuid, facts.uuidAsSent].some((each) => matchesText(uuid, each) === true),
  ({ userClass }, facts) => userClass && facts.userClasses.some((each) => anyGlobMatches(userClass, each)),
];

/** Whether a quirk is this client's. */
function holds(match: QuirkMatch, facts: Facts, mode: QuirkMode): boolean {
  // A loop, since every message goes through every quirk: a closure for each would be its largest piece of garbage.
  for (const check of CHECKS) if (check(match, facts, mode) === false) return false;
  return true;
}

/** The quirks of a client. */
export function applyQuirks(facts: Facts, mode: QuirkMode, table: readonly Quirk[]): Applied {
  const quirks = table.filter(({ match }) => holds(match, facts, mode));
  if (quirks.length === 0) return NONE;
  return { quirks, adjust: Object.assign({}, ...quirks.map(({ adjust }) => adjust)) };
}

/** One table of two: a quirk of `configured` takes the place of the built-in one of its name, the others come last. */
export function quirkTable(builtIn: readonly Quirk[], configured: readonly Quirk[]): readonly Quirk[] {
  const byName = new Map([...builtIn, ...configured].map((quirk) => [quirk.name, quirk]));
  return [...byName.values()];
}
