import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { makeDirectory } from '../../src/leases/make-directory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilotlight-directory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inside = (path: string): string => join(folder, path);

test('directories on the way are made too, and those that are there are left', () => {
  for (const path of ['state', 'state', 'state/of/this/server', '.']) {
    makeDirectory(inside(path));
    assert.ok(statSync(inside(path)).isDirectory(), path);
  }
});

test('a link to a directory is followed', () => {
  mkdirSync(inside('elsewhere'));
  symlinkSync('elsewhere', inside('link'));
  makeDirectory(inside('link'));
  makeDirectory(inside('link/state'));
  assert.ok(statSync(inside('elsewhere/state')).isDirectory());
});

test('what cannot be a directory is told, whichever part of the path it is', () => {
  writeFileSync(inside('file'), '');
  symlinkSync('gone/away', inside('dangling'));
  symlinkSync('round', inside('round'));
  const cases: [path: string, message: RegExp][] = [
    [inside('file'), /^\S+\/file is no directory$/],
    [inside('file/below/it'), /^\S+\/file is no directory$/],
    [inside('dangling'), /^\S+\/dangling is a link to gone\/away, which is not there$/],
    [inside('dangling/below/it'), /^\S+\/dangling is a link to gone\/away, which is not there$/],
    [inside('round'), /^ELOOP: /],
    ['/proc/below/it', /^ENOENT: .*'\/proc\/below'$/],
  ];
  for (const [path, message] of cases) assert.throws(() => makeDirectory(path), { message }, path);
});
