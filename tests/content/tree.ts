/** Roots with files in them, for one test. */
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { createLocator } from '../../src/content/locate.ts';
import { createContentResolver, type VirtualFiles } from '../../src/content/resolve.ts';
import type { ContentResolver, Requester } from '../../src/content/resolver.ts';
import { createOpenBeneath } from '../../src/net/beneath.ts';
import { pin } from '../../src/net/memory.ts';

export const WHO: Requester = { address: 0x7f000001, mac: '52:54:00:00:00:01', serverAddress: 0x7f000001 };

export const LOCATOR = createLocator(createOpenBeneath());

/** A directory that goes with the test. */
export function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pl-content-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Writes files that say where they lie: `label:path`. */
export function plant(root: string, label: string, paths: readonly string[]): void {
  mkdirSync(root, { recursive: true });
  for (const path of paths) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), `${label}:${path}`);
  }
}

/** Where the open descriptors of this process lead. */
export function openPaths(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The one that listed them.
      return [];
    }
  });
}

const CLOSED_MS = 5000;

/** Node closes behind the event loop: waits until nothing is open that was not open `before`. */
export async function untilClosed(before: readonly string[]): Promise<void> {
  const deadline = performance.now() + CLOSED_MS;
  for (;;) {
    const left = [...before];
    const opened = openPaths().filter((path) => {
      const at = left.indexOf(path);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    if (opened.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still open: ${opened.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Tree {
  readonly roots: readonly string[];
  readonly resolver: ContentResolver;
  /** The text of the file, or the kind of failure. */
  fetch(path: string, who?: Requester): Promise<string>;
}

/** One root for each list of paths; their labels are 0, 1, … */
export function makeTree(
  t: TestContext,
  files: readonly (readonly string[])[],
  options: { readonly virtual?: VirtualFiles; readonly now?: () => number } = {},
): Tree {
  const directory = makeDirectory(t);
  const roots = files.map((paths, at) => {
    const root = join(directory, `root${at}`);
    plant(root, String(at), paths);
    return root;
  });
  const resolver = createContentResolver({ roots, cacheBytes: 1 << 20, pin, ...options });
  return {
    roots,
    resolver,
    async fetch(path, who = WHO) {
      const content = await resolver.resolve(path, who);
      if ('failure' in content) return content.failure;
      const opened = await content.open();
      const text = Buffer.from(await opened.read(0, opened.size)).toString();
      opened.close();
      return text;
    },
  };
}
