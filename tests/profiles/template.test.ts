import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TemplateError, type TemplateScope } from '../../src/profiles/model.ts';
import { createTemplateCompiler, isTemplate } from '../../src/profiles/template.ts';

const SCOPE: TemplateScope = {
  machine: { name: 'node1', mac: '52:54:00:aa:00:01', uuid: undefined, vars: { role: 'db', list: [1, 2] } },
  client: { arch: 'bios' },
  server: { address: '10.11.11.1', httpUrl: 'http://10.11.11.1:8080/boot', tftpUrl: 'tftp://10.11.11.1' },
  vars: { mirror: 'http://mirror' },
  profile: { name: 'debian' },
};

const { compile } = createTemplateCompiler();
const locate = (line: number, column: number) => ({ file: 'f.liquid', line, column });

function render(source: string): string {
  const template = compile(source, locate);
  assert.ok(isTemplate(template), JSON.stringify(template));
  return template.render(SCOPE);
}

const RENDERED: [source: string, expected: string][] = [
  ['plain { text } with $signs and %', 'plain { text } with $signs and %'],
  ['{{ machine.name }}-{{ machine.vars.role | upcase }}', 'node1-DB'],
  ['{{ machine.vars.none | default: "x" }}', 'x'],
  ['{{ machine.uuid | default: "none" }}', 'none'],
  ['{% if machine.uuid %}a{% else %}b{% endif %}', 'b'],
  ['{% for n in machine.vars.list %}{{ n }},{% endfor %}', '1,2,'],
  ['{% assign url = vars.mirror | append: "/debian" %}{{ url }}', 'http://mirror/debian'],
];

for (const [source, expected] of RENDERED) {
  test(`renders ${source}`, () => assert.equal(render(source), expected));
}

const REFUSED_AT_RENDERING: [source: string, message: RegExp][] = [
  [
    'a\n {{ machine.vars.rool }}',
    /needs machine\.vars\.rool, which is not there .*\(template at f\.liquid:2:5\)/,
  ],
  ['{{ machine.uuid }}', /needs machine\.uuid/],
  ['{{ machine.constructor }}', /needs machine\.constructor/],
  ['{{ machine.vars.toString }}', /needs machine\.vars\.toString/],
  ['{{ client.userClass }}', /needs client\.userClass/],
  [
    '{% for i in (1..1000000000) %}x{% endfor %}',
    /memory alloc limit exceeded \(template at f\.liquid:1:1\)/,
  ],
  [
    '{% assign a = "xxxxxxxxxx" %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}',
    /memory alloc limit/,
  ],
  [
    '{% for i in (1..100000) %}{% for j in (1..100000) %}{% endfor %}{% endfor %}',
    /render limit exceeded|memory alloc limit/,
  ],
];

for (const [source, message] of REFUSED_AT_RENDERING) {
  test(`fails with words for people: ${source}`, () => {
    assert.throws(
      () => render(source),
      (error) => error instanceof TemplateError && message.test(error.message),
    );
  });
}

const REFUSED_AT_LOAD: [source: string, line: number, column: number, message: RegExp][] = [
  ['x {{ machine.name', 1, 3, /not closed/],
  ['a\n  {% if machine.name %}', 2, 3, /not closed/],
  ['{{ machine.name | shout }}', 1, 1, /undefined filter: shout/],
  ['{% include "/etc/passwd" %}', 1, 1, /tag "include" not found/],
  ['{% render "x" %}', 1, 1, /tag "render" not found/],
  ['{% layout "x" %}', 1, 1, /tag "layout" not found/],
  ['{{ machine.name }} {{ process.env }}', 1, 23, /nothing called process/],
  ['x'.repeat(1_000_001), 1, 1, /limit exceeded/],
];

for (const [source, line, column, message] of REFUSED_AT_LOAD) {
  test(`does not parse: ${source.slice(0, 60)}`, () => {
    const result = compile(source, locate);
    assert.ok(!isTemplate(result));
    assert.equal(result.code, 'TEMPLATE_SYNTAX');
    assert.deepEqual([result.position.line, result.position.column], [line, column]);
    assert.match(result.message, message);
  });
}

test('any text is a template or a diagnostic, and renders or throws a TemplateError', () => {
  const words = fc.constantFrom(
    '{{',
    '}}',
    '{%',
    '%}',
    ' machine',
    '.name',
    ' if ',
    ' for ',
    ' in ',
    '|',
    '"',
    'x',
    '(',
    '..',
    ')',
    '[',
    ']',
    '\n',
    '-',
    ' raw ',
    ' endraw ',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
      const result = compile(parts.join(''), locate);
      if (!isTemplate(result)) return;
      try {
        result.render(SCOPE);
      } catch (error) {
        assert.ok(error instanceof TemplateError);
      }
    }),
    { numRuns: 1000 },
  );
});
