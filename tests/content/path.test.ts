import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanPath } from '../../src/content/path.ts';

const cleaned: readonly (readonly [string, string])[] = [
  ['undionly.kpxe', 'undionly.kpxe'],
  ['/undionly.kpxe', 'undionly.kpxe'],
  ['///a//b', 'a/b'],
  ['\\Boot\\BCD', 'Boot/BCD'],
  ['Boot\\Fonts/wgl4.ttf', 'Boot/Fonts/wgl4.ttf'],
  ['./a/./b/.', 'a/b'],
  ['a/b/', 'a/b'],
  ['%2e%2e/a', '%2e%2e/a'],
  ['a%2Fb', 'a%2Fb'],
  ['...', '...'],
  ['..a/b..', '..a/b..'],
  ['C:/windows', 'C:/windows'],
  ['grün/ß', 'grün/ß'],
];
for (const [asked, path] of cleaned) {
  test(`${asked} is ${path}`, () => assert.deepEqual(cleanPath(asked), { path }));
}

const failures: readonly (readonly [string, 'refused' | 'not-found'])[] = [
  ['', 'not-found'],
  ['/', 'not-found'],
  ['./.', 'not-found'],
  ['\\', 'not-found'],
  ['..', 'refused'],
  ['../etc/passwd', 'refused'],
  ['/../etc/passwd', 'refused'],
  ['a/../b', 'refused'],
  ['a/..', 'refused'],
  ['..\\..\\etc\\passwd', 'refused'],
  ['a\\../b', 'refused'],
  ['a\0b', 'refused'],
  ['a\nb', 'refused'],
  ['a\u007fb', 'refused'],
  ['x'.repeat(5000), 'not-found'],
];
for (const [asked, failure] of failures) {
  test(`${JSON.stringify(asked.slice(0, 20))} is ${failure}`, () => {
    const result = cleanPath(asked);
    assert.equal('failure' in result ? result.failure : result.path, failure);
  });
}

test('a clean path has no empty, "." or ".." segment, and is clean already', () => {
  const path = fc
    .array(fc.constantFrom('/', '\\', '.', '..', 'a', 'b c', '%2e'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(path, (asked) => {
      const result = cleanPath(asked);
      if ('failure' in result) return;
      for (const segment of result.path.split('/')) assert.ok(!['', '.', '..'].includes(segment));
      assert.deepEqual(cleanPath(result.path), result);
    }),
  );
});
