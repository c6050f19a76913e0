import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic } from '../../src/yaml/diagnostic.ts';
import { type Path, parseYaml, type YamlDocument } from '../../src/yaml/document.ts';

function only(text: string): YamlDocument {
  const { documents, diagnostics } = parseYaml(text, 'f.yaml');
  assert.deepEqual(diagnostics, []);
  const [document] = documents;
  assert.ok(document !== undefined && documents.length === 1);
  return document;
}

const TEXT = `# comment
dhcp:
  mode: full
  subnets:
    - { subnet: 10.0.0.0/24, "router": x }
    - subnet: 10.0.1.0/24
`;

const PLACES: [path: Path, key: string, value: string][] = [
  [[], '2:1', '2:1'],
  [['dhcp'], '2:1', '3:3'],
  [['dhcp', 'mode'], '3:3', '3:9'],
  [['dhcp', 'subnets', 0], '5:7', '5:7'],
  [['dhcp', 'subnets', 0, 'router'], '5:30', '5:40'],
  [['dhcp', 'subnets', 1, 'subnet'], '6:7', '6:15'],
  [['dhcp', 'subnets', 1, 'nothing'], '6:7', '6:7'],
  [['none', 'such'], '2:1', '2:1'],
];

for (const [path, key, value] of PLACES) {
  test(`the place of /${path.map(String).join('/')}`, () => {
    const document = only(TEXT);
    const show = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;
    assert.deepEqual([show(document.keyAt(path)), show(document.at(path))], [key, value]);
  });
}

test('scalars that YAML 1.1 takes for numbers, dates or truth values are text', () => {
  const document = only('[52:54:00:00:00:01, 12:30:45, yes, off, 2026-01-01, 0777]');
  assert.deepEqual(document.value, ['52:54:00:00:00:01', '12:30:45', 'yes', 'off', '2026-01-01', 777]);
  assert.equal(document.sourceOf([5]), '0777');
});

const WITHIN: [name: string, text: string, inner: [number, number], place: string][] = [
  ['a plain scalar', 'a: x {{ y', [1, 3], '1:6'],
  ['a quoted scalar', 'a: "x {{ y"', [1, 3], '1:7'],
  ['a quoted scalar with escapes', 'a: "\\t {{ y"', [1, 3], '1:4'],
  ['a literal block', 'a: |\n  one\n   {{ two', [2, 2], '3:4'],
  ['a literal block with a chomping mark and a blank line', 'a: |-\n\n    {{ two', [2, 1], '3:5'],
  ['a folded block', 'a: >\n  one\n  two {{', [1, 9], '1:4'],
];

for (const [name, text, inner, place] of WITHIN) {
  test(`a place within ${name}`, () => {
    const { line, column } = only(text).within(['a'], ...inner);
    assert.equal(`${line}:${column}`, place);
  });
}

const FAULTS: [text: string, ...expected: string[]][] = [
  [
    'a: 1\na: 2',
    'f.yaml:2:1: error DUPLICATE_KEY the key a stands here a second time; the first is on line 1',
  ],
  [
    '1: a\n"1": b',
    'f.yaml:2:1: error DUPLICATE_KEY the key 1 stands here a second time; the first is on line 1',
  ],
  ['[a]: 1', 'f.yaml:1:1: error WRONG_TYPE a key must be a word or a number, not empty, a list or a mapping'],
  ['__proto__: 1', 'f.yaml:1:1: error UNKNOWN_KEY no key may be called __proto__'],
  ['a: &x [*x]', 'f.yaml:1:8: error YAML_SYNTAX the alias *x stands inside its own anchor'],
];

for (const [text, ...expected] of FAULTS) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseYaml(text, 'f.yaml').diagnostics.map(formatDiagnostic), expected);
  });
}

test('aliases that would unfold without end are refused, quickly', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++) {
    const entries = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
    lines.push(`a${level}: &a${level} [${entries}]`);
  }
  const { documents, diagnostics } = parseYaml(lines.join('\n'), 'f.yaml');
  assert.equal(documents.length, 0);
  assert.equal(diagnostics.length, 1);
  assert.match(diagnostics[0]?.message ?? '', /aliases unfold into more than/);
});

test('nesting without end is refused', () => {
  for (const text of ['['.repeat(50_000), `${'['.repeat(500)}${']'.repeat(500)}`, '- '.repeat(50_000)]) {
    const { documents, diagnostics } = parseYaml(text, 'f.yaml');
    assert.equal(documents.length, 0);
    assert.equal(diagnostics[0]?.code, 'YAML_SYNTAX');
    assert.match(diagnostics[0]?.message ?? '', /nested (too deeply|more than 64 deep)$/);
    assert.equal(new Set(diagnostics.map(formatDiagnostic)).size, diagnostics.length);
  }
});

test('any text gives documents or diagnostics, with places in the text', () => {
  const words = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '"',
    '&x ',
    '*x',
    '|',
    '!!t ',
    '#',
    '---\n',
    '\t',
    ',',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const { documents, diagnostics } = parseYaml(text, 'f.yaml');
      const lines = text.split('\n').length;
      for (const { position } of diagnostics) assert.ok(position.line >= 1 && position.line <= lines);
      for (const document of documents) assert.notEqual(document.value, undefined);
    }),
    { numRuns: 500 },
  );
});
