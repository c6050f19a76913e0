import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { ContentError, createContentResolver, type VirtualFiles } from '../../src/content/resolve.ts';
import type { Content, ContentResolver, OpenContent } from '../../src/content/resolver.ts';
import { pin } from '../../src/net/memory.ts';
import { openPaths, untilClosed } from './tree.ts';

const WHO = { address: 0x7f000001, mac: '52:54:00:00:00:01', serverAddress: 0x7f000001 };

let directory: string;
let root: string;
let search: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'pl-content-'));
});
after(() => rmSync(directory, { recursive: true }));

let count = 0;
beforeEach(() => {
  count++;
  root = join(directory, `root${count}`);
  search = join(directory, `search${count}`);
  mkdirSync(join(root, 'sub'), { recursive: true });
  mkdirSync(search);
  writeFileSync(join(root, 'hello'), 'hello');
  writeFileSync(join(root, 'sub', 'inner'), 'inner');
});

interface Settings {
  readonly cacheBytes?: number;
  readonly wholeFileBytes?: number;
  readonly virtual?: VirtualFiles;
}

function resolverOf(settings: Settings = {}): ContentResolver {
  return createContentResolver({ roots: [root, search], cacheBytes: 1 << 20, pin, ...settings });
}

async function found(resolver: ContentResolver, path: string): Promise<Content> {
  const content = await resolver.resolve(path, WHO);
  if ('failure' in content) throw new Error(`${path}: ${content.failure}: ${content.detail}`);
  return content;
}

async function textOf(opened: OpenContent): Promise<string> {
  return Buffer.from(await opened.read(0, opened.size)).toString();
}

/** The whole text of a file, or the kind of failure. */
async function fetch(resolver: ContentResolver, path: string): Promise<string> {
  const content = await resolver.resolve(path, WHO);
  if ('failure' in content) return content.failure;
  const opened = await content.open();
  const text = await textOf(opened);
  opened.close();
  return text;
}

/** Sets the file's times to long ago, so that the cache trusts it as it does files that were not written just now. */
function makeOld(path: string): Promise<void> {
  utimesSync(path, 1_000_000, 1_000_000);
  return new Promise((resolve) => setTimeout(resolve, 150));
}

test('what is served and what is not', async () => {
  writeFileSync(join(directory, 'secret'), 'secret');
  mkdirSync(join(directory, `root${count}-sibling`));
  writeFileSync(join(directory, `root${count}-sibling`, 'file'), 'sibling');
  writeFileSync(join(search, 'second'), 'second');
  writeFileSync(join(search, 'hello'), 'shadowed');
  symlinkSync('sub/inner', join(root, 'link-in'));
  symlinkSync('sub', join(root, 'folder-link'));
  symlinkSync(join(root, 'hello'), join(root, 'absolute-link-in'));
  symlinkSync('../secret', join(root, 'link-out'));
  symlinkSync(directory, join(root, 'folder-out'));
  symlinkSync(`../root${count}-sibling/file`, join(root, 'link-sibling'));
  symlinkSync('/etc/passwd', join(root, 'passwd'));
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync('/dev/zero', join(root, 'zero-link'));
  symlinkSync(join(search, 'second'), join(root, 'link-to-search'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']);
  const cases: readonly (readonly [string, string])[] = [
    ['hello', 'hello'],
    ['/hello', 'hello'],
    ['\\sub\\inner', 'inner'],
    ['sub//inner', 'inner'],
    ['second', 'second'],
    ['link-in', 'inner'],
    ['folder-link/inner', 'inner'],
    ['absolute-link-in', 'hello'],
    ['missing', 'not-found'],
    ['hello/below', 'not-found'],
    ['dangling', 'not-found'],
    ['', 'not-found'],
    [`${'x'.repeat(300)}`, 'not-found'],
    ['%2e%2e/secret', 'not-found'],
    ['../secret', 'refused'],
    ['..\\secret', 'refused'],
    ['sub/../hello', 'refused'],
    [join(root, 'hello'), 'not-found'],
    ['/etc/passwd', 'not-found'],
    ['link-out', 'refused'],
    ['folder-out/secret', 'refused'],
    [`folder-out/root${count}/hello`, 'hello'],
    ['link-sibling', 'refused'],
    ['passwd', 'refused'],
    ['zero-link', 'refused'],
    ['link-to-search', 'refused'],
    ['circle', 'refused'],
    ['sub', 'refused'],
    ['fifo', 'refused'],
    ['null', 'refused'],
    ['a\0b', 'refused'],
  ];
  const resolver = resolverOf();
  const before = openPaths();
  for (const [path, expected] of cases) assert.equal(await fetch(resolver, path), expected, path);
  await untilClosed(before);
});

test('a root that is missing holds nothing, and may come later', async () => {
  const late = join(directory, 'late');
  const resolver = createContentResolver({ roots: [late, search], cacheBytes: 1 << 20, pin });
  assert.equal(await fetch(resolver, 'x'), 'not-found');
  mkdirSync(late);
  writeFileSync(join(late, 'x'), 'here');
  assert.equal(await fetch(resolver, 'x'), 'here');
});

test('a root that is a link follows the link when it changes', async () => {
  const link = join(directory, 'current');
  symlinkSync(root, link);
  const resolver = createContentResolver({ roots: [link], cacheBytes: 1 << 20, pin });
  assert.equal(await fetch(resolver, 'hello'), 'hello');
  writeFileSync(join(search, 'hello'), 'next');
  unlinkSync(link);
  symlinkSync(search, link);
  assert.equal(await fetch(resolver, 'hello'), 'next');
});

test('links that are swapped while files are fetched never lead outside', async () => {
  writeFileSync(join(directory, 'secret'), 'secret');
  const resolver = resolverOf();
  const link = join(root, 'swapped');
  const spare = join(root, 'spare');
  symlinkSync('hello', link);
  let stop = false;
  const seen = new Set<string>();
  const swapping = (async () => {
    for (let turn = 0; !stop; turn++) {
      symlinkSync(turn % 2 === 0 ? '../secret' : 'hello', spare);
      renameSync(spare, link);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let turn = 0; turn < 200; turn++) {
    try {
      seen.add(await fetch(resolver, 'swapped'));
    } catch (error) {
      // Between resolve() and open() the link was turned round.
      assert.ok(error instanceof ContentError);
      assert.equal(error.failure.failure, 'refused');
    }
  }
  stop = true;
  await swapping;
  assert.deepEqual([...seen].sort(), ['hello', 'refused']);
});

test('a change on disk is seen at the next open; who has the file open keeps the old bytes', async () => {
  for (const change of [
    () => writeFileSync(join(root, 'hello'), 'other'),
    () => appendFileSync(join(root, 'hello'), ', longer'),
    () => {
      writeFileSync(join(root, 'new'), 'renamed');
      renameSync(join(root, 'new'), join(root, 'hello'));
    },
  ]) {
    const resolver = resolverOf();
    const content = await found(resolver, 'hello');
    const opened = await content.open();
    const before = await textOf(opened);
    change();
    const later = await found(resolver, 'hello');
    assert.notEqual(later.etag, content.etag);
    const reopened = await later.open();
    assert.notEqual(await textOf(reopened), before);
    assert.equal(await textOf(opened), before);
    opened.close();
    reopened.close();
  }
});

test('concurrent opens share one copy, and so do later ones', async () => {
  await makeOld(join(root, 'hello'));
  const resolver = resolverOf();
  const contents = await Promise.all(Array.from({ length: 10 }, () => found(resolver, 'hello')));
  const opened = await Promise.all(contents.map((content) => content.open()));
  const later = await (await found(resolver, 'hello')).open();
  assert.equal(new Set([...opened, later].map((each) => each.whole?.bytes)).size, 1);
});

test('a hard link is the same file', async () => {
  linkSync(join(root, 'hello'), join(root, 'twin'));
  await makeOld(join(root, 'hello'));
  const resolver = resolverOf();
  const one = await (await found(resolver, 'hello')).open();
  const other = await (await found(resolver, 'twin')).open();
  assert.equal(one.whole?.bytes, other.whole?.bytes);
});

test('the cache keeps to its budget: unused files go, files in use stay, what has no room is read in pieces', async () => {
  for (const name of ['a', 'b', 'c']) {
    writeFileSync(join(root, name), name.repeat(400));
    utimesSync(join(root, name), 1_000_000, 1_000_000);
  }
  await makeOld(join(root, 'a'));
  const resolver = resolverOf({ cacheBytes: 1000 });
  const open = async (name: string) => (await found(resolver, name)).open();
  const a = await open('a');
  const b = await open('b');
  const c = await open('c');
  assert.ok(a.whole !== undefined && b.whole !== undefined);
  assert.equal(c.whole, undefined, 'a and b are in use');
  assert.equal(await textOf(c), 'c'.repeat(400));
  c.close();
  a.close();
  a.close();
  const again = await open('c');
  assert.ok(again.whole !== undefined, 'a made room');
  assert.equal((await open('b')).whole, b.whole, 'b is still there');
  const last = await open('a');
  assert.equal(last.whole, undefined, 'b and c are in use');
  last.close();
});

test('a file that would not fit even into an empty cache drives nothing out of it', async () => {
  await makeOld(join(root, 'hello'));
  writeFileSync(join(root, 'huge'), 'x'.repeat(2000));
  const resolver = resolverOf({ cacheBytes: 1000 });
  const open = async (name: string) => (await found(resolver, name)).open();
  const before = await open('hello');
  before.close();
  const huge = await open('huge');
  assert.equal(huge.whole, undefined);
  huge.close();
  assert.equal((await open('hello')).whole, before.whole);
});

test('a large file that is replaced goes on as it was; one that is written to ends', async () => {
  const path = join(root, 'large');
  writeFileSync(path, 'a'.repeat(5000));
  await makeOld(path);
  const opened = await (await found(resolverOf({ wholeFileBytes: 1000 }), 'large')).open();
  writeFileSync(join(root, 'next'), 'b'.repeat(5000));
  renameSync(join(root, 'next'), path);
  assert.equal(Buffer.from(await opened.read(2000, 10)).toString(), 'a'.repeat(10));
  opened.close();
  const written = await (await found(resolverOf({ wholeFileBytes: 1000 }), 'large')).open();
  assert.equal(Buffer.from(await written.read(0, 10)).toString(), 'b'.repeat(10));
  writeFileSync(path, 'c'.repeat(5000));
  await assert.rejects(written.read(2000, 10), (error) => {
    return error instanceof ContentError && error.failure.detail.includes('written to');
  });
  written.close();
});

test('a large file is read by position and survives being unlinked', async () => {
  writeFileSync(join(root, 'large'), Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251)));
  const before = openPaths();
  const opened = await (await found(resolverOf({ wholeFileBytes: 1000 }), 'large')).open();
  assert.equal(opened.whole, undefined);
  unlinkSync(join(root, 'large'));
  assert.deepEqual([...(await opened.read(4998, 10))], [4998 % 251, 4999 % 251]);
  assert.equal((await opened.read(5000, 10)).length, 0);
  opened.close();
  opened.close();
  await untilClosed(before);
});

test('a file that vanished between resolve() and open() is an error that says so', async () => {
  const content = await found(resolverOf(), 'hello');
  unlinkSync(join(root, 'hello'));
  await assert.rejects(content.open(), (error) => {
    return error instanceof ContentError && error.failure.failure === 'not-found';
  });
});

test('an empty file has no bytes', async () => {
  writeFileSync(join(root, 'empty'), '');
  const opened = await (await found(resolverOf(), 'empty')).open();
  assert.equal(opened.size, 0);
  assert.equal(opened.whole?.bytes.length, 0);
});

test('rendered files come first, know who asks, and their failures are told', async () => {
  const resolver = resolverOf({
    virtual: (path, who) => {
      if (path === 'hello') return { name: 'hello', text: `rendered for ${who.mac}` };
      if (path === 'bad') return { failure: 'broken', detail: 'no variable "x"' };
      return undefined;
    },
  });
  assert.equal(await fetch(resolver, '//hello'), 'rendered for 52:54:00:00:00:01');
  assert.deepEqual(await resolver.resolve('bad', WHO), { failure: 'broken', detail: 'no variable "x"' });
  assert.equal(await fetch(resolver, 'sub/inner'), 'inner');
  const [one, other] = [await found(resolver, 'hello'), await found(resolver, 'hello')];
  assert.equal(one.etag, other.etag);
  assert.equal(one.size, 'rendered for 52:54:00:00:00:01'.length);
});
