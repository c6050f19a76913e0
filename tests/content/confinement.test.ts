import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { enter, inspect, locate } from '../../src/content/locate.ts';
import { ContentError } from '../../src/content/resolve.ts';
import { makeTree, plant, WHO } from './tree.ts';

/** A root with `folder/file`, and `folder/file` and `folder/secret` outside of it. */
function makeBoth(t: Parameters<typeof makeTree>[0]) {
  const tree = makeTree(t, [['folder/file']]);
  const [root = ''] = tree.roots;
  const outside = join(root, '..', 'outside');
  plant(outside, 'outside', ['folder/file', 'folder/secret']);
  return { ...tree, root, outside };
}

/** Makes `link` lead to each target in turn, in one step as a rename does, until `work` is through. */
async function swapping(link: string, targets: readonly string[], work: () => Promise<void>): Promise<void> {
  let over = false;
  const swaps = (async () => {
    for (let at = 0; !over; at++) {
      symlinkSync(targets[at % targets.length] ?? '', `${link}.next`);
      renameSync(`${link}.next`, link);
      await turn();
    }
  })();
  await work().finally(() => {
    over = true;
  });
  await swaps;
}

test('no way of writing a path leads out of the root', async (t) => {
  const { fetch, root, outside } = makeBoth(t);
  symlinkSync(outside, join(root, 'absolute'));
  symlinkSync('../outside', join(root, 'relative'));
  symlinkSync('relative', join(root, 'chain'));
  symlinkSync('../../outside/folder/secret', join(root, 'folder', 'link'));
  symlinkSync('/proc/self/cwd', join(root, 'magic'));
  symlinkSync('/', join(root, 'slash'));
  const cases: readonly (readonly [string, string])[] = [
    ['../outside/folder/secret', 'refused'],
    ['folder/../../outside/folder/secret', 'refused'],
    ['..\\outside\\folder\\secret', 'refused'],
    ['%2e%2e/outside/folder/secret', 'not-found'],
    ['..%2foutside/folder/secret', 'not-found'],
    [join(outside, 'folder/secret'), 'not-found'],
    ['absolute/folder/secret', 'refused'],
    ['relative/folder/secret', 'refused'],
    ['chain/folder/secret', 'refused'],
    ['folder/link', 'refused'],
    ['magic/package.json', 'refused'],
    ['slash/etc/passwd', 'refused'],
    // In another case: directories outside are not even listed.
    ['ABSOLUTE/FOLDER/SECRET', 'not-found'],
    ['RELATIVE/folder/secret', 'not-found'],
    ['SLASH/etc/passwd', 'not-found'],
    ['FOLDER/LINK', 'refused'],
    // A link may leave the root and come back.
    [`slash/${root}/folder/file`, '0:folder/file'],
  ];
  for (const [path, expected] of cases) assert.equal(await fetch(path), expected, path);
});

test('a directory turned into a link between resolve() and open() opens nothing outside', async (t) => {
  for (const spelling of ['folder/file', 'FOLDER/FILE']) {
    const { resolver, root, outside } = makeBoth(t);
    const content = await resolver.resolve(spelling, WHO);
    assert.ok(!('failure' in content));
    renameSync(join(root, 'folder'), join(root, 'was'));
    symlinkSync(join(outside, 'folder'), join(root, 'folder'));
    await assert.rejects(content.open(), (error) => {
      return error instanceof ContentError && error.failure.failure === 'refused';
    });
    const secret = await resolver.resolve('FOLDER/SECRET', WHO);
    assert.deepEqual(secret, { failure: 'not-found', detail: 'no such file' });
  }
});

test('a directory that moves out of the root takes its files with it', async (t) => {
  const { fetch, root, outside } = makeBoth(t);
  symlinkSync('folder', join(root, 'link'));
  assert.equal(await fetch('link/file'), '0:folder/file');
  renameSync(join(root, 'folder'), join(outside, 'moved'));
  rmSync(join(root, 'link'));
  symlinkSync(join(outside, 'moved'), join(root, 'link'));
  assert.equal(await fetch('link/file'), 'refused');
});

test('what was entered stays the directory that was checked, whatever its name leads to now', async (t) => {
  const { root, outside } = makeBoth(t);
  const names = await enter(root, 'folder', async (path) => {
    renameSync(join(root, 'folder'), join(root, 'was'));
    symlinkSync(join(outside, 'folder'), join(root, 'folder'));
    return readdir(path);
  });
  assert.deepEqual(names, ['file']);
  assert.deepEqual(await enter(root, 'folder', (path) => readdir(path)), {
    failure: 'refused',
    detail: 'it lies outside the root',
  });
});

test('a folder that is swapped for one outside while it is read never shows what is outside', async (t) => {
  const { fetch, root } = makeBoth(t);
  const seen = new Set<string>();
  await swapping(join(root, 'swapped'), ['folder', '../outside/folder'], async () => {
    for (let at = 0; at < 60; at++) {
      for (const path of ['swapped/file', 'SWAPPED/FILE', 'SWAPPED/SECRET']) {
        const got = await fetch(path).catch((error: unknown) => {
          assert.ok(error instanceof ContentError);
          return error.failure.failure;
        });
        seen.add(got);
      }
    }
  });
  assert.deepEqual([...seen].sort(), ['0:folder/file', 'not-found', 'refused']);
});

test('a file opened while its name is swapped is the one that was checked', async (t) => {
  const { root } = makeBoth(t);
  const outcomes = new Set<string>();
  await swapping(join(root, 'swapped'), ['folder/file', '../outside/folder/secret'], async () => {
    for (let at = 0; at < 150; at++) {
      const file = await locate(root, 'swapped');
      if ('failure' in file) {
        outcomes.add(file.failure);
        continue;
      }
      outcomes.add(await file.handle.readFile('utf8'));
      await file.handle.close();
    }
  });
  assert.deepEqual([...outcomes].sort(), ['0:folder/file', 'refused']);
});

test('not found, refused and broken are told apart', async (t) => {
  const { root } = makeBoth(t);
  mkdirSync(join(root, 'empty'));
  symlinkSync('circle', join(root, 'circle'));
  const before = readdirSync('/proc/self/fd').length;
  const cases: readonly (readonly [string, string, string])[] = [
    ['missing', 'not-found', 'no such file'],
    ['folder/file/below', 'not-found', 'no such file'],
    ['x'.repeat(256), 'not-found', 'no such file'],
    ['empty', 'refused', 'a directory'],
    ['circle', 'refused', 'symbolic links in a circle'],
  ];
  for (const [path, failure, detail] of cases) {
    assert.deepEqual(await inspect(root, path), { failure, detail }, path);
    assert.deepEqual(await locate(root, path), { failure, detail }, path);
  }
  assert.equal(readdirSync('/proc/self/fd').length, before, 'nothing stays open');
});
