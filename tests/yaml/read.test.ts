/** Files whose bytes are no text. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatDiagnostic } from '../../src/yaml/diagnostic.ts';
import { readText, unreadable } from '../../src/yaml/read.ts';

const root = mkdtempSync(join(tmpdir(), 'pl-read-'));
after(() => rmSync(root, { recursive: true, force: true }));

const TEXT = 'name: a\n# grüße\n';

async function read(bytes: Uint8Array): Promise<string> {
  const file = join(root, 'f.yaml');
  writeFileSync(file, bytes);
  const result = await readText(file);
  if ('text' in result) return result.text;
  return formatDiagnostic(unreadable('f.yaml', result.unreadable, result.place));
}

test('UTF-8, with or without a byte order mark', async () => {
  assert.equal(await read(Buffer.from(TEXT)), TEXT);
  assert.equal(await read(Buffer.from(`\ufeff${TEXT}`)), TEXT);
  assert.equal(await read(new Uint8Array(0)), '');
});

const BROKEN: [name: string, bytes: Uint8Array, place: string, line: number][] = [
  ['Latin-1', Buffer.from(TEXT, 'latin1'), '2:5', 2],
  ['UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), '1:1', 1],
  ['UTF-16 without a byte order mark', Buffer.from('a: b\n', 'utf16le'), '1:2', 1],
  ['a character cut off at the end', Buffer.from('a: ü').subarray(0, -1), '1:4', 1],
];

for (const [name, bytes, place, line] of BROKEN) {
  test(`${name} is told with its place`, async () => {
    assert.equal(
      await read(bytes),
      `f.yaml:${place}: error UNREADABLE the file cannot be read: line ${line} is no UTF-8 text\n    hint: save it as UTF-8`,
    );
  });
}
