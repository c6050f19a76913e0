/** Whatever docs/booting.md shows of a packet is in the packet that it names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs/booting.md'), 'utf8');
const BLOCKS = [...TEXT.matchAll(/^```packet (\S+)\n([\s\S]*?)^```$/gm)];

test('docs/booting.md shows packets', () => assert.ok(BLOCKS.length > 10));

for (const [, name = '', body = ''] of BLOCKS) {
  test(`${name}: ${body.trim().split('\n').at(-1)?.trim()}`, () => {
    const golden = readFileSync(join(ROOT, `tests/golden/${name}.txt`), 'utf8').split('\n');
    for (const line of body.trimEnd().split('\n')) assert.ok(golden.includes(line), line);
  });
}

test('files that it leads to are there', () => {
  for (const [, file = ''] of TEXT.matchAll(/\]\(([a-z-]+\.md)\)/g)) {
    assert.ok(readFileSync(join(ROOT, 'docs', file), 'utf8').length > 0, file);
  }
});
