import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FINDING_CODES } from '../../src/probe/findings.ts';

test('docs/probe.md has a row for each finding, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/probe.md'), 'utf8');
  const rows = [...text.matchAll(/^\| *`([A-Z_]+)` *\|(.*)\|$/gm)];
  assert.deepEqual(
    rows.map(([, code]) => code),
    FINDING_CODES,
  );
  for (const [, code, rest = ''] of rows) {
    const cells = rest.split('|').map((cell) => cell.trim());
    assert.ok(cells.length === 2 && cells.every((cell) => cell.length > 10), `${code} is explained`);
  }
});
