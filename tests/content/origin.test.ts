import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOrigins } from '../../src/content/origin.ts';
import { makeTree, WHO } from './tree.ts';

const OTHER = { ...WHO, address: 0x7f000002, mac: '52:54:00:00:00:02' };
const KEEP_MS = 5 * 60_000;

const FILES = [
  'a/b/shimx64.efi',
  'a/b/grubx64.efi',
  'a/b/Boot/BCD',
  'a/b/MMX64.EFI',
  'c/only',
  'ipxe.efi',
  'fallback',
];

test('a client that was given a file gets from beside it what is missing at the root', async (t) => {
  const tree = makeTree(t, [FILES]);
  assert.equal(await tree.fetch('grubx64.efi'), 'not-found');
  await tree.fetch('a/b/shimx64.efi');
  for (const [path, expected] of [
    ['grubx64.efi', '0:a/b/grubx64.efi'],
    ['/grubx64.efi', '0:a/b/grubx64.efi'],
    ['\\Boot\\BCD', '0:a/b/Boot/BCD'],
    ['\\boot\\bcd', '0:a/b/Boot/BCD'],
    ['mmx64.efi', '0:a/b/MMX64.EFI'],
    ['revocations.efi', 'not-found'],
    ['../b/grubx64.efi', 'refused'],
  ] as const) {
    assert.equal(await tree.fetch(path), expected, path);
    assert.equal(await tree.fetch(path, OTHER), path.startsWith('..') ? 'refused' : 'not-found', path);
  }
  const content = await tree.resolver.resolve('grubx64.efi', WHO);
  assert.equal('failure' in content ? content.failure : content.name, 'a/b/grubx64.efi');
});

test('what is found at the root goes first, and a file beside goes before one of another case', async (t) => {
  const files = ['sub/start', 'sub/both', 'both', 'sub/kernel', 'KERNEL', 'sub/INITRD', 'INItrd'];
  const tree = makeTree(t, [files, ['later'], ['sub/later']]);
  await tree.fetch('sub/start');
  assert.equal(await tree.fetch('kernel'), '0:sub/kernel');
  assert.equal(await tree.fetch('initrd'), '0:INItrd');
  await tree.fetch('sub/start');
  assert.equal(await tree.fetch('later'), '1:later');
  await tree.fetch('sub/start');
  assert.equal(await tree.fetch('both'), '0:both');
});

test('the directory is looked for in every root', async (t) => {
  const tree = makeTree(t, [['sub/start'], ['sub/next']]);
  await tree.fetch('sub/start');
  assert.equal(await tree.fetch('next'), '1:sub/next');
});

test('the last file counts: another directory, or the root; what is found beside it moves nothing', async (t) => {
  const tree = makeTree(t, [FILES]);
  await tree.fetch('a/b/shimx64.efi');
  await tree.fetch('Boot/BCD');
  assert.equal(await tree.fetch('grubx64.efi'), '0:a/b/grubx64.efi');
  await tree.fetch('C/ONLY');
  assert.equal(await tree.fetch('grubx64.efi'), 'not-found');
  assert.equal(await tree.fetch('only'), '0:c/only');
  await tree.fetch('ipxe.efi');
  assert.equal(await tree.fetch('only'), 'not-found');
});

test('rendered files are found beside the last one, and are none themselves', async (t) => {
  const virtual = (path: string) =>
    path === 'a/b/grub.cfg' || path === 'made/script' ? { name: path, text: `made:${path}` } : undefined;
  const tree = makeTree(t, [[...FILES, 'made/other']], { virtual });
  await tree.fetch('a/b/shimx64.efi');
  assert.equal(await tree.fetch('grub.cfg'), 'made:a/b/grub.cfg');
  assert.equal(await tree.fetch('made/script'), 'made:made/script');
  assert.equal(await tree.fetch('other'), 'not-found');
  assert.equal(await tree.fetch('grubx64.efi'), '0:a/b/grubx64.efi');
});

test('nothing outside the roots is served from beside a file either', async (t) => {
  const tree = makeTree(t, [FILES, ['secret']]);
  const [root = '', outside = ''] = tree.roots;
  symlinkSync(join(outside, 'secret'), join(root, 'a/b/link'));
  await tree.fetch('a/b/shimx64.efi');
  assert.equal(await tree.fetch('link'), 'refused');
  rmSync(join(root, 'a'), { recursive: true });
  assert.equal(await tree.fetch('grubx64.efi'), 'not-found');
});

test('a client that was silent for long is booting anew; one that asks is remembered', async (t) => {
  let now = 0;
  const tree = makeTree(t, [FILES], { now: () => now });
  await tree.fetch('a/b/shimx64.efi');
  now += KEEP_MS - 1;
  assert.equal(await tree.fetch('grubx64.efi'), '0:a/b/grubx64.efi');
  now += KEEP_MS - 1;
  assert.equal(await tree.fetch('grubx64.efi'), '0:a/b/grubx64.efi');
  now += KEEP_MS;
  assert.equal(await tree.fetch('grubx64.efi'), 'not-found');
});

test('a client is known by its MAC at any address, by its address while its MAC is not known', () => {
  const origins = createOrigins({ now: () => 0 });
  const moved = { ...WHO, address: 0x7f000009 };
  const nameless = { ...WHO, mac: undefined };
  const successor = { ...WHO, mac: '52:54:00:00:00:03' };
  const nobody = { ...WHO, mac: undefined, address: undefined };
  origins.served('a/b', WHO);
  origins.served('z/z', nobody);
  assert.equal(origins.beside('x', WHO), 'a/x');
  assert.equal(origins.beside('x', moved), 'a/x');
  assert.equal(origins.beside('x', nameless), 'a/x');
  assert.equal(origins.beside('x', successor), undefined, 'another machine at that address');
  assert.equal(origins.beside('x', OTHER), undefined);
  assert.equal(origins.beside('x', nobody), undefined);
});

test('the client longest silent is forgotten when there are too many', () => {
  const origins = createOrigins({ now: () => 0, limit: 3 });
  const client = (address: number) => ({ address, mac: undefined, serverAddress: 1 });
  for (const address of [1, 2, 3]) origins.served(`${address}/file`, client(address));
  assert.equal(origins.beside('x', client(1)), '1/x');
  origins.served('4/file', client(4));
  assert.deepEqual(
    [1, 2, 3, 4].map((address) => origins.beside('x', client(address))),
    ['1/x', undefined, '3/x', '4/x'],
  );
});
