import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSpellings, type Spellings } from '../../src/content/spelling.ts';
import { LOCATOR, makeDirectory, makeTree, plant } from './tree.ts';

async function spelled(spellings: Spellings, root: string, path: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const each of spellings.of(root, path)) paths.push(each);
  return paths;
}

/** Every test has a client of its own that has been given nothing, so only the case matters. */
let clients = 0;
const stranger = () => ({ address: ++clients, mac: undefined, serverAddress: 1 });

test('upper and lower case stop to matter where the exact name is not found', async (t) => {
  const files = [
    [
      'Boot/BCD',
      'Boot/Fonts/wgl4_boot.ttf',
      'EFI/readme',
      'efi/boot/BOOTX64.EFI',
      'boot/only',
      'BOOT/only',
      'Grün',
    ],
  ];
  const tree = makeTree(t, files);
  const cases: readonly (readonly [string, string])[] = [
    ['\\Boot\\BCD', '0:Boot/BCD'],
    ['\\boot\\bcd', '0:Boot/BCD'],
    ['\\BOOT\\bcd', '0:Boot/BCD'],
    ['\\Boot\\fonts\\WGL4_Boot.ttf', '0:Boot/Fonts/wgl4_boot.ttf'],
    ['/efi/boot/bootx64.efi', '0:efi/boot/BOOTX64.EFI'],
    ['EFI/BOOT/BOOTX64.EFI', '0:efi/boot/BOOTX64.EFI'],
    ['EFI/README', '0:EFI/readme'],
    // Both BOOT and boot hold it; neither is asked for exactly.
    ['bOOt/only', '0:BOOT/only'],
    ['boot/ONLY', '0:boot/only'],
    ['GRÜN', '0:Grün'],
    ['boot/bcd2', 'not-found'],
    ['boot/bcd/x', 'not-found'],
    ['FONTS', 'not-found'],
    ['eFi', 'refused'],
    ['boot/../BOOT/bcd', 'refused'],
    ['%42oot/bcd', 'not-found'],
  ];
  for (const [path, expected] of cases) assert.equal(await tree.fetch(path, stranger()), expected, path);
});

test('content is named as it lies on disk', async (t) => {
  const tree = makeTree(t, [['Boot/BCD']]);
  const content = await tree.resolver.resolve('\\bOOT\\bcd', stranger());
  assert.equal('failure' in content ? content.failure : content.name, 'Boot/BCD');
});

test('every root is tried as written before any is tried in another case', async (t) => {
  const tree = makeTree(t, [['KERNEL', 'one'], ['kernel', 'ONE'], ['Two']]);
  assert.equal(await tree.fetch('kernel', stranger()), '1:kernel');
  assert.equal(await tree.fetch('ONE', stranger()), '1:ONE');
  assert.equal(await tree.fetch('One', stranger()), '0:one');
  assert.equal(await tree.fetch('two', stranger()), '2:Two');
});

test('what is refused as written is not looked for in another case', async (t) => {
  const tree = makeTree(t, [['KERNEL']]);
  symlinkSync('/etc/passwd', join(tree.roots[0] ?? '', 'kernel'));
  assert.equal(await tree.fetch('kernel', stranger()), 'refused');
  assert.equal(
    await tree.fetch('Kernel', stranger()),
    '0:KERNEL',
    'the link and the file: the file can be served',
  );
});

test('the exact name goes first, then the order of code units, at each component', async (t) => {
  const root = makeDirectory(t);
  plant(root, 'x', ['BOOT/a', 'Boot/a', 'Boot/A', 'boot/A', 'other/a']);
  const spellings = createSpellings(LOCATOR);
  assert.deepEqual(await spelled(spellings, root, 'boot/a'), ['boot/A', 'BOOT/a', 'Boot/a', 'Boot/A']);
  assert.deepEqual(await spelled(spellings, root, 'bOOT/A'), ['BOOT/a', 'Boot/A', 'Boot/a', 'boot/A']);
});

test('links inside the root are followed; what lies outside is not listed', async (t) => {
  const directory = makeDirectory(t);
  const root = join(directory, 'root');
  plant(root, 'x', ['Sub/File']);
  plant(join(directory, 'outside'), 'x', ['Secret']);
  symlinkSync('Sub', join(root, 'Inside'));
  symlinkSync('../outside', join(root, 'Outside'));
  symlinkSync(directory, join(root, 'Above'));
  const spellings = createSpellings(LOCATOR);
  assert.deepEqual(await spelled(spellings, root, 'inside/file'), ['Inside/File']);
  assert.deepEqual(await spelled(spellings, root, 'outside/secret'), []);
  assert.deepEqual(await spelled(spellings, root, 'above/outside/secret'), []);
  assert.deepEqual(await spelled(spellings, join(directory, 'missing'), 'x'), []);
});

test('a directory is read anew when it changes, also just after it was read', async (t) => {
  const root = makeDirectory(t);
  const spellings = createSpellings(LOCATOR);
  const look = () => spelled(spellings, root, 'file');
  assert.deepEqual(await look(), []);
  for (let turn = 0; turn < 20; turn++) {
    plant(root, 'x', ['File']);
    assert.deepEqual(await look(), ['File']);
    renameSync(join(root, 'File'), join(root, 'FILE'));
    assert.deepEqual(await look(), ['FILE']);
    unlinkSync(join(root, 'FILE'));
    assert.deepEqual(await look(), []);
  }
});

/** Waits until the kernel's clock has ticked since the last change, so that a listing can be trusted for longer. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 150));

test('what a settled directory holds is kept, once for all who ask, and forgotten when it changes', async (t) => {
  const root = makeDirectory(t);
  plant(root, 'x', ['File', 'FILE', 'other']);
  const spellings = createSpellings(LOCATOR);
  const descriptors = readdirSync('/proc/self/fd').length;
  await spelled(spellings, root, 'file');
  assert.equal(spellings.held(), 0, 'it changed just now');
  await settle();
  const all = await Promise.all(Array.from({ length: 20 }, () => spelled(spellings, root, 'file')));
  assert.deepEqual(all, Array(20).fill(['FILE', 'File']));
  assert.equal(spellings.held(), 4);
  unlinkSync(join(root, 'FILE'));
  assert.deepEqual(await spelled(spellings, root, 'file'), ['File']);
  assert.equal(spellings.held(), 0);
  assert.equal(readdirSync('/proc/self/fd').length, descriptors, 'nothing stays open');
});

test('the listings used last are kept, up to the limit', async (t) => {
  const root = makeDirectory(t);
  plant(root, 'x', ['a/One', 'b/Two', 'c/Three']);
  await settle();
  const spellings = createSpellings(LOCATOR, { directories: 32, namesEach: 100, names: 8 });
  for (const path of ['a/one', 'b/two', 'c/three', 'a/one', 'c/three']) {
    assert.equal((await spelled(spellings, root, path)).length, 1, path);
    assert.ok(spellings.held() <= 8, path);
  }
  // The root with its three names, and two of the three directories.
  assert.equal(spellings.held(), 8);
});

test('the search is bounded in directories, names of one directory and names in memory', async (t) => {
  const root = makeDirectory(t);
  plant(root, 'x', ['A/B/C/file', 'A/B/file']);
  mkdirSync(join(root, 'Many'));
  plant(join(root, 'Many'), 'x', ['1', '2', '3', '4', 'Five']);
  const spellings = createSpellings(LOCATOR, { directories: 3, namesEach: 4, names: 3 });
  assert.deepEqual(await spelled(spellings, root, 'a/b/FILE'), ['A/B/file']);
  assert.deepEqual(await spelled(spellings, root, 'a/b/c/FILE'), []);
  assert.deepEqual(await spelled(spellings, root, 'many/five'), []);
  unlinkSync(join(root, 'Many', '4'));
  assert.deepEqual(await spelled(spellings, root, 'many/five'), ['Many/Five']);
});
