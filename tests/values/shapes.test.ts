/**
 * Small and large addresses in objects of one shape. Were they of two, V8 14 would compile the code that reads them, and
 * throw it away, without end (ipv4.ts); only its own natives tell, so this asks a process that has them.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCE = join(import.meta.dirname, '../../src/values/ipv4.ts');

/** Pairs made of small numbers first, before any large one was seen. */
const SCRIPT = `
  const { hostRange, parseRange, parseSubnet } = await import(${JSON.stringify(SOURCE)});
  const small = [parseRange('10.1.0.1-10.1.0.9'), hostRange(parseSubnet('10.1.0.0/24')), parseSubnet('10.1.0.0/24')];
  const large = [parseRange('192.168.0.1-192.168.0.9'), hostRange(parseSubnet('192.168.0.0/24')), parseSubnet('192.168.0.0/24')];
  const literal = [{ first: 1, last: 2 }, { first: 1, last: 2 }, { network: 0, prefix: 0 }];
  const same = (some, others) => some.every((each, index) => %HaveSameMap(each, others[index]));
  console.log(same(small, large), same(small, literal));
`;

test('a range or a subnet has one shape, whatever its numbers', () => {
  const args = ['--allow-natives-syntax', '--input-type=module', '--eval', SCRIPT];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'true true\n');
});
