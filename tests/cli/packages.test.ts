/** scripts/packages for who cannot install: it names what is missing, and how to get it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeScratch } from '../lab/scratch.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/packages');
const NOBODY = '65534';

/** Runs it, with this list of packages, as somebody who is not root. */
function packages(list: string, ...sets: string[]) {
  const folder = makeScratch('packages').path;
  const home = join(folder, 'scripts');
  mkdirSync(home);
  chmodSync(folder, 0o755);
  copyFileSync(SCRIPT, join(home, 'packages'));
  writeFileSync(join(home, 'packages.list'), list);
  const command = [join(home, 'packages'), ...sets];
  const asNobody = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, '--clear-groups'] : [];
  const [program = '', ...args] = [...asNobody, ...command];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const LIST = `# set how package
test  install  dpkg                 # is on every Debian
test  install  pilotlight-unheard-of
test  extract  pilotlight-unseen  ./boot/*
bench install  pilotlight-unasked
`;

test('what is missing is named, with the command that installs it', () => {
  assert.deepEqual(packages(LIST, 'test'), {
    status: 1,
    stdout: '',
    stderr:
      'Missing Debian packages: pilotlight-unheard-of pilotlight-unseen \n' +
      'Install them with: sudo scripts/packages test\n',
  });
});

test('with nothing missing there is nothing to say', () => {
  assert.deepEqual(packages('test install dpkg\n', 'test'), { status: 0, stdout: '', stderr: '' });
});

test('without a set it tells which there are', () => {
  const { status, stderr } = packages(LIST);
  assert.deepEqual([status, stderr.split(',')[0]], [2, 'usage: scripts/packages SET…']);
});
