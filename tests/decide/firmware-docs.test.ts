/** docs/firmware.md names tests, sources and quirks that are there, and has a row for each known trouble. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { STAGES } from '../../src/boot/facts.ts';
import { KNOWN_QUIRKS } from '../../src/boot/known-quirks.ts';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs/firmware.md'), 'utf8');

test('every file that it names is there', () => {
  const named = [...TEXT.matchAll(/`([\w./-]+\/[\w.-]+\.ts)`/g)].map(([, path = '']) => path);
  assert.ok(named.length > 60);
  const missing = named.filter(
    (path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, 'tests', path)),
  );
  assert.deepEqual(missing, []);
});

test('every built-in quirk has its row, and no other', () => {
  const [, section = ''] = TEXT.split(/^## Built-in quirks$/m);
  const [table = ''] = section.split(/^## /m);
  const rows = [...table.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
  assert.deepEqual(
    rows,
    KNOWN_QUIRKS.map(({ name }) => name),
  );
});

test('every stage is told', () => {
  for (const stage of STAGES) assert.match(TEXT, new RegExp(`^\\| .${stage}.( |,)`, 'm'));
});

test('every row is there, in order', () => {
  const rows = [...TEXT.matchAll(/^\| ([PUSRWN])(\d+) +\|/gm)].map(
    ([, letter, number]) => `${letter}${number}`,
  );
  const counts = { P: 17, U: 14, S: 11, R: 6, W: 2, N: 6 };
  const expected = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  );
  assert.deepEqual(rows, expected);
});
