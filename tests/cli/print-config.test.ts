/** `print-config` as an operator types it: text to paste on stdout, everything else on stderr. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { makeScratch } from '../lab/scratch.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');
const scratch = makeScratch('print-config');
after(() => scratch.remove());

mkdirSync(join(scratch.path, 'profiles'));
const write = (path: string, text: string): void => writeFileSync(join(scratch.path, path), text);

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(LAUNCHER, ['print-config', ...args], { cwd: scratch.path, encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test('every dialect, for an address that is given', () => {
  for (const dialect of ['dnsmasq', 'kea', 'isc', 'mikrotik', 'windows']) {
    const { code, out, err } = run(dialect, '--server', '10.11.11.1');
    assert.deepEqual([code, err], [0, ''], dialect);
    assert.ok(out.startsWith('# Pilotlight at 10.11.11.1: ') && out.endsWith('\n'), dialect);
    assert.ok(out.includes('http://10.11.11.1:8080/ipxe'), dialect);
  }
});

test('another dialect is refused, with those that there are', () => {
  const { code, out, err } = run('bind');
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /dnsmasq, kea, isc, mikrotik, windows/);
});

test('a NIC that is not there, with those that are', () => {
  const { code, out, err } = run('kea', '--interface', 'eth99');
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^pilotlight: there is no NIC eth99\n {4}hint: its name is one of .*lo/);
});

test('warnings of profiles do not come among the lines', () => {
  write('profiles/p.yaml', 'name: p\nboot: { file: gone.0 }\n');
  const { code, out, err } = run('dnsmasq', '--server', '10.11.11.1');
  assert.equal(code, 0);
  assert.match(err, /warning FILE_MISSING/);
  assert.doesNotMatch(out, /FILE_MISSING/);
});

test('broken profiles, and a port that is not known beforehand', () => {
  write('profiles/p.yaml', 'name: p\nboot: {}\n');
  const broken = run('dnsmasq', '--server', '10.11.11.1');
  assert.deepEqual([broken.code, broken.out], [1, '']);
  write('profiles/p.yaml', 'name: p\nboot: { local: true }\n');
  write('pilotlight.yaml', 'http: { port: 0 }\n');
  const { code, out, err } = run('dnsmasq', '--server', '10.11.11.1');
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /http\.port is 0/);
});
