import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REFERENCE, reference, SCHEMA_DIRECTORY, schemaFiles } from '../../scripts/schemas.ts';
import { DIAGNOSTIC_CODES } from '../../src/yaml/diagnostic.ts';

test('docs/diagnostics.md has a row for each code, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/diagnostics.md'), 'utf8');
  const rows = [...text.matchAll(/^\| +`([A-Z_]+)` +\|(.*)\|$/gm)];
  assert.deepEqual(
    rows.map(([, code]) => code),
    DIAGNOSTIC_CODES,
  );
  for (const [, code, rest = ''] of rows) {
    const cells = rest.split('|').map((cell) => cell.trim());
    assert.equal(cells.length, 3, `${code}`);
    assert.ok(
      cells.every((cell) => cell.length > 5),
      `${code} is explained`,
    );
  }
});

test('the committed JSON Schemas are those of the code', () => {
  const files = schemaFiles();
  assert.deepEqual(readdirSync(SCHEMA_DIRECTORY).sort(), [...files.keys()].sort());
  for (const [name, schema] of files) {
    const committed: unknown = JSON.parse(readFileSync(join(SCHEMA_DIRECTORY, name), 'utf8'));
    // Through JSON, as undefined and absent are the same there.
    assert.deepEqual(committed, JSON.parse(JSON.stringify(schema)), `${name}: run node scripts/schemas.ts`);
  }
});

test('the committed reference of every key is that of the code', () => {
  // The formatter pads the tables.
  const unpadded = (text: string): string => text.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '---');
  assert.equal(
    unpadded(readFileSync(REFERENCE, 'utf8')),
    unpadded(reference()),
    'run node scripts/schemas.ts',
  );
});
