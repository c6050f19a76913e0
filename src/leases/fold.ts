/**
 * `recent` into `leases`, little by little. Clients renew in no order, so writing each change to its place in `leases`
 * writes a page a lease (25 µs of 50 000 leases in batches of 128); appended to `recent` it takes 5 µs. Once there are
 * many, they move over in the order of their addresses, so that one page takes several, and some with each commit, so
 * that no client waits for all of them: 16 000 at once among a million leases took 0.6 s.
 */
import type { DatabaseSync } from 'node:sqlite';
import { COLUMNS } from './lease-file.ts';

export interface Fold {
  /** The number of the next row of `recent`. */
  readonly next: number;
  /** In the transaction that appends the rows of these addresses to `recent`, after them. */
  follow(appended: readonly number[]): void;
  /** That transaction is through. Until this is called, nothing has happened. */
  committed(): void;
}

/** Rows that are folded, or deleted, for each that is appended, so that a round ends before the next is due. */
const PACE = 2;

/**
 * Rows that are folded at a time, at least: a page is written once for all of them. Two rows with each commit of one lease
 * made seven pages of it where one is enough, and a client waits for all.
 */
const STRIDE = 128;

/** Rows in `recent` before a round begins, at least; and, since a page of a large file shall take several too, by its pages. */
const LEAST = 16_384;
const ROWS_A_PAGE = 4;

/**
 * Rows of one commit from which on clients crowd: then none waits for folding as well, until twice as many rows are there.
 * It takes an eighth of what a commit costs among a million leases, and a rack that powers up is through before.
 */
const CROWD = 4;

/** One round: the rows of `recent` up to the number `last`; of each address the newest, by address. */
interface Round {
  readonly numbers: readonly number[];
  readonly last: number;
}

interface Progress {
  readonly round: Round | undefined;
  /** How many of the round's numbers are folded. */
  readonly folded: number;
  /** The number of the first row that is left in `recent`. */
  readonly first: number;
  /** Rows that are to be folded, or deleted, and have not been yet. */
  readonly debt: number;
}

/** The rows of `recent` as they are at start. Numbers have no gaps: rows come at the end and go at the beginning. */
function readRecent(database: DatabaseSync): { first: number; addresses: number[] } {
  const first = Number(database.prepare('SELECT min(number) AS first FROM recent').get()?.['first'] ?? 1);
  const statement = database.prepare('SELECT ip FROM recent ORDER BY number');
  return { first, addresses: statement.all().map((row) => Number(row['ip'])) };
}

/** Position and address go into one number, of 21 and 32 bits: numbers sort ten times faster than pairs. */
const POSITIONS = 2 ** 21;

function newRound(first: number, addresses: readonly number[]): Round {
  const count = Math.min(addresses.length, POSITIONS);
  const keys = new Float64Array(count);
  for (let at = 0; at < count; at++) keys[at] = (addresses[at] as number) * POSITIONS + at;
  keys.sort();
  const numbers: number[] = [];
  for (let at = 0; at < count; at++) {
    const position = (keys[at] as number) % POSITIONS;
    const following = keys[at + 1];
    const isNewest = following === undefined || addresses[following % POSITIONS] !== addresses[position];
    if (isNewest) numbers.push(first + position);
  }
  return { numbers, last: first + count - 1 };
}

export function createFold(database: DatabaseSync): Fold {
  const fold = database.prepare(
    `INSERT OR REPLACE INTO leases SELECT ${COLUMNS} FROM recent WHERE number = ?`,
  );
  const remove = database.prepare('DELETE FROM recent WHERE number < ?');
  const pages = database.prepare('PRAGMA page_count');

  /** The address of each row of `recent`, and of those deleted in this round, by number from `base` on. */
  let { first: base, addresses } = readRecent(database);
  let progress: Progress = { round: undefined, folded: 0, first: base, debt: 0 };
  let following: Progress = progress;
  let appended: readonly number[] = [];

  /** How many rows make a round due. The file grows as they come, so its pages are counted again once this many are there. */
  let least = LEAST;

  /** Whether rows are to be folded, or deleted, with a commit of so many. Those of a round stay counted until it ends. */
  function isDue(rows: number): boolean {
    const crowd = rows < CROWD ? 1 : 2;
    if (addresses.length < crowd * least) return false;
    if (progress.round === undefined)
      least = Math.max(LEAST, Number(pages.get()?.['page_count'] ?? 0) * ROWS_A_PAGE);
    return addresses.length >= crowd * least;
  }

  function advance({ folded, first, debt }: Progress, round: Round, rows: number): Progress {
    const due = debt + rows;
    if (due < STRIDE) return { round, folded, first, debt: due };
    if (folded < round.numbers.length) {
      const until = Math.min(folded + due, round.numbers.length);
      for (let at = folded; at < until; at++) fold.run(round.numbers[at] as number);
      return { round, folded: until, first, debt: 0 };
    }
    // The oldest first: a row that is deleted leaves none behind that is older, to be taken for newer after a crash.
    const until = Math.min(first + due, round.last + 1);
    remove.run(until);
    return { round: until > round.last ? undefined : round, folded, first: until, debt: 0 };
  }

  return {
    get next() {
      return base + addresses.length;
    },
    follow(rows) {
      appended = rows;
      following = progress;
      if (!isDue(rows.length)) return;
      const { round, first } = progress;
      const begun = { round, folded: 0, first, debt: 0 };
      following = advance(
        round === undefined ? begun : progress,
        round ?? newRound(base, addresses),
        rows.length * PACE,
      );
    },
    committed() {
      for (const ip of appended) addresses.push(ip);
      if (progress.round !== undefined && following.round === undefined) {
        addresses = addresses.slice(following.first - base);
        base = following.first;
      }
      progress = following;
    },
  };
}
