import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocator } from '../../src/content/locate.ts';
import { ContentError } from '../../src/content/resolve.ts';
import { LOCATOR, makeDirectory, makeTree, openPaths, plant, untilClosed, WHO } from './tree.ts';

/** Both ways to keep to a root, of which a resolver takes the first where the kernel has it. */
const LOCATORS = [
  ['by openat2', LOCATOR],
  ['by places', createLocator(undefined)],
] as const;

/** A root with `folder/file`, and `folder/file` and `folder/secret` outside of it. */
function makeBoth(t: Parameters<typeof makeTree>[0]) {
  const tree = makeTree(t, [['folder/file']]);
  const [root = ''] = tree.roots;
  const outside = join(root, '..', 'outside');
  plant(outside, 'outside', ['folder/file', 'folder/secret']);
  return { ...tree, root, outside };
}

/** Runs a script for ever, in a process of its own so that it keeps no step with us, until `work` is through. */
async function meanwhile(script: string, args: readonly string[], work: () => Promise<void>): Promise<void> {
  const source = `
    const { renameSync, symlinkSync } = require('node:fs');
    const args = process.argv.slice(1);
    for (let at = 0; ; at++) {
      if (at === 1) console.log('begun');
      ${script}
    }
  `;
  const program = spawn(process.execPath, ['--eval', source, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(program, 'exit');
  try {
    await once(program.stdout, 'data');
    await work();
  } finally {
    program.kill('SIGKILL');
    await ended;
  }
}

/** Makes a link lead to each target in turn, in one step as a rename does. */
const swapping = (link: string, targets: readonly string[], work: () => Promise<void>): Promise<void> =>
  meanwhile(
    `const [link, ...targets] = args;
     symlinkSync(targets[at % targets.length], link + '.next');
     renameSync(link + '.next', link);`,
    [link, ...targets],
    work,
  );

/** Lets `root` and `outside` of a directory change places. */
const exchanging = (directory: string, work: () => Promise<void>): Promise<void> =>
  meanwhile(
    `for (const [from, to] of [['root', 'aside'], ['outside', 'root'], ['root', 'outside'], ['aside', 'root']])
       renameSync(args[0] + '/' + from, args[0] + '/' + to);`,
    [directory],
    work,
  );

test('no way of writing a path leads out of the root', async (t) => {
  const { fetch, root, outside } = makeBoth(t);
  symlinkSync(outside, join(root, 'absolute'));
  symlinkSync('../outside', join(root, 'relative'));
  symlinkSync('relative', join(root, 'chain'));
  symlinkSync('../../outside/folder/secret', join(root, 'folder', 'link'));
  symlinkSync('/proc/self/cwd', join(root, 'magic'));
  symlinkSync('/', join(root, 'slash'));
  symlinkSync(join(root, 'folder'), join(root, 'inside'));
  plant(root, '0', ['Übung/datei']);
  symlinkSync(join(root, 'Übung/datei'), join(root, 'grün'));
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
    ['inside/file', '0:folder/file'],
    ['grün', '0:Übung/datei'],
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

for (const [how, locator] of LOCATORS) {
  test(`${how}: what was entered stays the directory that was checked, whatever its name leads to now`, async (t) => {
    const { root, outside } = makeBoth(t);
    const names = await locator.enter(root, 'folder', async (path) => {
      renameSync(join(root, 'folder'), join(root, 'was'));
      symlinkSync(join(outside, 'folder'), join(root, 'folder'));
      return readdir(path);
    });
    assert.deepEqual(names, ['file']);
    assert.deepEqual(await locator.enter(root, 'folder', (path) => readdir(path)), {
      failure: 'refused',
      detail: 'it lies outside the root',
    });
  });

  test(`${how}: a file opened while its name is swapped is the one that was checked`, async (t) => {
    const { root } = makeBoth(t);
    const outcomes = new Set<string>();
    await swapping(join(root, 'swapped'), ['folder/file', '../outside/folder/secret'], async () => {
      for (let at = 0; at < 150; at++) {
        const file = await locator.locate(root, 'swapped');
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

  test(`${how}: not found, refused and broken are told apart`, async (t) => {
    const { root } = makeBoth(t);
    mkdirSync(join(root, 'empty'));
    symlinkSync('circle', join(root, 'circle'));
    const before = openPaths();
    const cases: readonly (readonly [string, string, string])[] = [
      ['missing', 'not-found', 'no such file'],
      ['folder/file/below', 'not-found', 'no such file'],
      ['x'.repeat(256), 'not-found', 'no such file'],
      ['empty', 'refused', 'a directory'],
      ['circle', 'refused', 'symbolic links in a circle'],
    ];
    for (const [path, failure, detail] of cases) {
      assert.deepEqual(await locator.inspect(root, path), { failure, detail }, path);
      assert.deepEqual(await locator.locate(root, path), { failure, detail }, path);
    }
    await untilClosed(before);
  });
}

test('a root that is moved, and another directory in its place, make nothing outside of it part of it', async (t) => {
  const place = makeDirectory(t);
  plant(join(place, 'root'), 'root', ['file']);
  plant(join(place, 'outside'), 'outside', ['secret']);
  symlinkSync(join(place, 'outside/secret'), join(place, 'root/link'));
  // Leads to the same directory whatever its name is.
  const held = openSync(join(place, 'root'), 'r');
  t.after(() => closeSync(held));
  const outcomes = new Set<string>();
  await exchanging(place, async () => {
    for (let at = 0; at < 1000; at++) {
      const file = await LOCATOR.locate(`/proc/self/fd/${held}`, 'link');
      outcomes.add('failure' in file ? file.failure : await file.handle.readFile('utf8'));
      if (!('failure' in file)) await file.handle.close();
    }
  });
  // The link led nowhere at times: so things were moved.
  assert.deepEqual([...outcomes].sort(), ['not-found', 'refused']);
});

test('a thousand at once are opened, and nothing stays open', async (t) => {
  const { root } = makeBoth(t);
  const before = openPaths();
  const files = await Promise.all(Array.from({ length: 1000 }, () => LOCATOR.locate(root, 'folder/file')));
  for (const file of files) {
    assert.ok(!('failure' in file));
    await file.handle.close();
  }
  await untilClosed(before);
});
