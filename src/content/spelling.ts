/**
 * A path as a client writes it → the paths inside a root that differ from it in upper and lower case only. Windows
 * boot managers ask for `\Boot\BCD` and for `\boot\bcd`, and for fonts in whatever case their build had.
 */
import { opendir } from 'node:fs/promises';
import { type FileVersion, isYoung, type Locator, versionKey } from './locate.ts';

/** Names that differ in case only, by what they have in common; each list in the order of code units. */
type Names = ReadonlyMap<string, readonly string[]>;

export interface Spellings {
  /**
   * Existing paths, best first: at each component the name as it was asked for, then the others in the order of their
   * code units ("BOOT" before "Boot" before "boot"). The way back is tried too: `boot/BCD` finds `Boot/BCD` beside an
   * empty `boot`. What is yielded may be a directory or lead out of the root; the caller looks at it as at any path.
   */
  of(root: string, path: string): AsyncIterable<string>;
  /** Names in memory, and one more for each directory. */
  held(): number;
}

export interface SpellingLimits {
  /** Directories looked at for one path; what lies deeper has to be asked for as it is written. */
  readonly directories: number;
  /** A directory with more names than this has to be asked for as it is written. */
  readonly namesEach: number;
  /** Names kept in memory, of all directories together. */
  readonly names: number;
}

const LIMITS: SpellingLimits = { directories: 32, namesEach: 65_536, names: 262_144 };

const NO_NAMES: Names = new Map();

export function createSpellings(locator: Pick<Locator, 'enter'>, limits: SpellingLimits = LIMITS): Spellings {
  const listings = createListings(locator, limits);

  async function* below(
    root: string,
    directory: string,
    segments: readonly string[],
    budget: { left: number },
  ): AsyncGenerator<string> {
    const [asked, ...rest] = segments;
    if (asked === undefined || budget.left === 0) return;
    budget.left--;
    const names = (await listings.names(root, directory)).get(fold(asked)) ?? [];
    for (const name of [...names].sort((a, b) => Number(b === asked) - Number(a === asked))) {
      const path = directory === '.' ? name : `${directory}/${name}`;
      if (rest.length === 0) yield path;
      else yield* below(root, path, rest, budget);
    }
  }

  return {
    of: (root, path) => below(root, '.', path.split('/'), { left: limits.directories }),
    held: listings.held,
  };
}

interface Listing {
  readonly version: string;
  readonly names: Promise<Names>;
  /** Zero until it is read. */
  count: number;
}

/** Directories' names by version: firmware asks for files that do not exist at every boot, and a stat answers that. */
function createListings({ enter }: Pick<Locator, 'enter'>, limits: SpellingLimits) {
  /** Least recently used first. */
  const listings = new Map<string, Listing>();
  let held = 0;

  function drop(key: string, listing: Listing): void {
    if (listings.get(key) !== listing) return;
    listings.delete(key);
    held -= listing.count;
  }

  /** Reads a directory once for all who ask meanwhile. */
  function read(key: string, path: string, version: FileVersion): Listing {
    const young = isYoung(version, Date.now());
    const listing: Listing = {
      version: versionKey(version),
      names: readNames(path, limits.namesEach),
      count: 0,
    };
    const forget = () => drop(key, listing);
    listing.names.then((names) => {
      if (young || listings.get(key) !== listing) return forget();
      // An empty directory counts too, or there could be any number of them.
      listing.count = [...names.values()].reduce((sum, alike) => sum + alike.length, 1);
      held += listing.count;
      for (const [oldest, other] of listings) {
        if (held <= limits.names) break;
        drop(oldest, other);
      }
    }, forget);
    return listing;
  }

  return {
    held: () => held,
    /** What cannot be listed, for whatever reason, has no names. */
    async names(root: string, directory: string): Promise<Names> {
      const names = await enter(root, directory, async (path, version) => {
        const key = `${version.device}-${version.inode}`;
        const known = listings.get(key);
        const current = known?.version === versionKey(version);
        if (known !== undefined && !current) drop(key, known);
        const listing = known !== undefined && current ? known : read(key, path, version);
        listings.delete(key);
        listings.set(key, listing);
        return listing.names;
      });
      return 'failure' in names ? NO_NAMES : names;
    },
  };
}

async function readNames(path: string, limit: number): Promise<Names> {
  const names = new Map<string, string[]>();
  let count = 0;
  for await (const { name } of await opendir(path, { bufferSize: 256 })) {
    if (++count > limit) return NO_NAMES;
    const folded = fold(name);
    const alike = names.get(folded);
    if (alike === undefined) names.set(folded, [name]);
    else alike.push(name);
  }
  for (const alike of names.values()) alike.sort();
  return names;
}

/** Upper case, as FAT and NTFS compare names; letters without a single counterpart (ß) may fold to several. */
function fold(name: string): string {
  return name.toUpperCase();
}
