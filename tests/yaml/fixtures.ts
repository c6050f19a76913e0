/**
 * Fixtures: one file a case, its name the test's name. Input, a line `---8<---`, and what comes of it as text.
 * UPDATE_FIXTURES=1 rewrites the second half, to be read as a diff.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Diagnostic, formatDiagnostic } from '../../src/yaml/diagnostic.ts';

const CUT = '---8<---\n';

/** Runs each file of a directory; `produce` gets a fresh directory that holds the input's files. */
export function runFixtures(
  directory: string,
  defaultFile: string,
  produce: (root: string) => Promise<string>,
): void {
  const names = readdirSync(directory).sort();
  assert.ok(names.length > 0, `${directory} holds fixtures`);
  for (const name of names) {
    test(name.replace(/\.case$/, '').replaceAll('-', ' '), async (context) => {
      const file = join(directory, name);
      const [input = '', expected = ''] = readFileSync(file, 'utf8').split(CUT);
      const root = mkdtempSync(join(tmpdir(), 'pl-fixture-'));
      context.after(() => rmSync(root, { recursive: true, force: true }));
      for (const [path, text] of inputFiles(input, defaultFile)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      const actual = `${(await produce(root)).replaceAll(`${root}/`, '').trimEnd()}\n`;
      if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(file, `${input}${CUT}${actual}`);
      else assert.equal(actual, expected);
    });
  }
}

/** A line `#== path` begins another file; what stands before the first is the default file. */
function inputFiles(input: string, defaultFile: string): [path: string, text: string][] {
  const [head = '', ...rest] = input.split(/^#== (?=\S+$)/m);
  const files = rest.map((part): [string, string] => {
    const end = part.indexOf('\n');
    return [part.slice(0, end), part.slice(end + 1)];
  });
  return head === '' ? files : [[defaultFile, head], ...files];
}

export function formatAll(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join('');
}

/** A checked value as JSON: maps as objects, bytes as hex, templates as their source, positions as text. */
export function describe(value: unknown): string {
  const plain = (_key: string, entry: unknown): unknown => {
    if (entry instanceof Map) return Object.fromEntries(entry);
    if (entry instanceof Uint8Array) return entry.toHex();
    if (typeof entry === 'object' && entry !== null && 'render' in entry && 'source' in entry) {
      return entry.source;
    }
    if (
      typeof entry === 'object' &&
      entry !== null &&
      'line' in entry &&
      'column' in entry &&
      'file' in entry
    ) {
      return `${entry.file}:${entry.line}:${entry.column}`;
    }
    return entry;
  };
  return JSON.stringify(value, plain, 2);
}
