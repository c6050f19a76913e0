/**
 * The content resolver; see resolver.ts for what it promises. A path is looked for as it is written: among what is
 * rendered, then in the roots in order. Where it is not found, the same is done beside the client's last file, and for a
 * Raspberry Pi's own directory among the files of all Pis. Only then upper and lower case stop to matter on disk, again at
 * the root first. Any answer but "no such file" ends the search.
 */
import { createHash } from 'node:crypto';
import { sharedPiPath } from '../boot/raspberry-pi.ts';
import { createOpenBeneath } from '../net/beneath.ts';
import type { PinnedBuffer } from '../net/udp.ts';
import { createFileCache, type FileCache, readAt } from './cache.ts';
import {
  createLocator,
  type FileVersion,
  failureOf,
  type LocatedFile,
  versionKey,
  versionOf,
} from './locate.ts';
import { createOrigins } from './origin.ts';
import { cleanPath } from './path.ts';
import type { Content, ContentFailure, ContentResolver, OpenContent, Requester } from './resolver.ts';
import { createSharing } from './sharing.ts';
import { createSpellings } from './spelling.ts';

/** Text made for one requester. */
export interface VirtualFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Rendered profile files and generated scripts. `path` is clean: forward slashes, none leading. Undefined: no such
 * file, look on disk.
 */
export type VirtualFiles = (
  path: string,
  requester: Requester,
) => VirtualFile | Extract<ContentFailure, { failure: 'broken' }> | undefined;

export interface ContentOptions {
  /** Absolute directories, tried in order; one that is missing holds no files. */
  readonly roots: readonly string[];
  readonly virtual?: VirtualFiles | undefined;
  /** Bytes of whole files kept in memory. */
  readonly cacheBytes: number;
  /** Bytes; larger files are read piece by piece. Default: 128 MiB. */
  readonly wholeFileBytes?: number | undefined;
  /** Makes bytes sendable in place (Network.pin). */
  readonly pin: (bytes: Uint8Array) => PinnedBuffer;
  /** Milliseconds, of which only differences count: how long a client's last file is remembered. Default: the process's. */
  readonly now?: (() => number) | undefined;
}

const NOT_FOUND: ContentFailure = { failure: 'not-found', detail: 'no such file' };

const WHOLE_FILE_BYTES = 128 * 1024 * 1024;

/** A failure of open(): the file went away or turned into something else since it was resolved. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
  readonly failure: ContentFailure;
  constructor(failure: ContentFailure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** One resolver for all protocols, so that they share the cache. */
export function createContentResolver(options: ContentOptions): ContentResolver {
  // No bytes have no address.
  const pin = (bytes: Uint8Array) =>
    bytes.length === 0 ? { bytes, address: 0, size: 0 } : options.pin(bytes);
  const limits = {
    totalBytes: options.cacheBytes,
    fileBytes: options.wholeFileBytes ?? WHOLE_FILE_BYTES,
  };
  const cache = createFileCache(limits, pin);
  const locator = createLocator(createOpenBeneath());
  const inspections = createSharing<FileVersion | ContentFailure>();
  const spellings = createSpellings(locator);
  const origins = createOrigins({ now: options.now ?? (() => performance.now()) });

  /** Looks at a file as it is now. */
  const inspect = (root: string, path: string): Promise<FileVersion | ContentFailure> =>
    inspections.ask(`${root}/${path}`, () => locator.inspect(root, path));

  const contentOf = (root: string, path: string, version: FileVersion): Content =>
    fileContent(version, path, cache, async () => {
      const file = await locator.locate(root, path);
      if ('failure' in file) throw new ContentError(file);
      return file;
    });

  async function asWritten(path: string, requester: Requester): Promise<Content | ContentFailure> {
    const rendered = options.virtual?.(path, requester);
    if (rendered !== undefined) return 'failure' in rendered ? rendered : renderedContent(rendered, pin);
    let failure = NOT_FOUND;
    for (const root of options.roots) {
      const found = await inspect(root, path);
      if (!('failure' in found)) return contentOf(root, path, found);
      // A later root may still have the file; the first answer that is not "no such file" says most.
      if (failure.failure === 'not-found') failure = found;
    }
    return failure;
  }

  async function inOtherCase(path: string): Promise<Content | ContentFailure> {
    let failure = NOT_FOUND;
    for (const root of options.roots) {
      for await (const spelling of spellings.of(root, path)) {
        const found = await inspect(root, spelling);
        if (!('failure' in found)) return contentOf(root, spelling, found);
        if (failure.failure === 'not-found') failure = found;
      }
    }
    return failure;
  }

  return {
    async resolve(path, requester) {
      const clean = cleanPath(path);
      if ('failure' in clean) return clean;
      const beside = origins.beside(clean.path, requester);
      const shared = sharedPiPath(clean.path, requester.mac);
      const paths = [clean.path, beside, shared].filter((each) => each !== undefined);
      for (const find of [asWritten, inOtherCase]) {
        for (const each of paths) {
          const found = await find(each, requester);
          if ('failure' in found && found.failure === 'not-found') continue;
          // Rendered text lies beside nothing, and what was found beside the last file does not move its directory.
          const moves = !('failure' in found) && found.modifiedAt !== undefined && each === clean.path;
          if (moves) origins.served(found.name, requester);
          return found;
        }
      }
      return NOT_FOUND;
    },
  };
}

/** `open` throws ContentError. */
function fileContent(
  version: FileVersion,
  name: string,
  cache: FileCache,
  open: () => Promise<LocatedFile>,
): Content {
  return {
    name,
    size: version.size,
    etag: versionKey(version),
    modifiedAt: Number(version.modifiedNs / 1_000_000n),
    async open() {
      try {
        const held = (await cache.hold(version)) ?? (await cache.load(version, open));
        if (held === undefined) return streamedContent(await open());
        return wholeContent(versionKey(version), held.buffer, held.release);
      } catch (error) {
        throw error instanceof ContentError ? error : new ContentError(failureOf(error));
      }
    },
  };
}

function wholeContent(etag: string, whole: PinnedBuffer, release: () => void): OpenContent {
  return {
    size: whole.bytes.length,
    etag,
    whole,
    read: async (offset, length) => whole.bytes.subarray(offset, offset + length),
    close: release,
  };
}

/**
 * Too large for memory: read where it lies. A replaced file goes on as it was; one that is written to ends there and then,
 * since half of the one and half of the other is no file at all.
 */
function streamedContent(file: LocatedFile): OpenContent {
  let closed = false;
  return {
    size: file.version.size,
    etag: versionKey(file.version),
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, file.version.size - offset)));
      try {
        const filled = await readAt(file.handle, bytes, offset);
        if (!isUntouched(file.version, await versionOf(file.handle))) throw new ContentError(TOUCHED);
        return bytes.subarray(0, filled);
      } catch (error) {
        throw error instanceof ContentError ? error : new ContentError(failureOf(error));
      }
    },
    close() {
      if (closed) return;
      closed = true;
      // A read under way delays the close inside Node; an error of close(2) on a descriptor for reading loses nothing.
      file.handle.close().catch(() => {});
    },
  };
}

const TOUCHED: ContentFailure = { failure: 'broken', detail: 'the file was written to while it was sent' };

/** A name that goes to another file changes the time of the inode, but not that of its bytes. */
function isUntouched(one: FileVersion, other: FileVersion): boolean {
  return one.size === other.size && one.modifiedNs === other.modifiedNs;
}

/** Rendered text as content; its tag changes with its bytes. */
export function renderedContent(file: VirtualFile, pin: (bytes: Uint8Array) => PinnedBuffer): Content {
  const bytes = new TextEncoder().encode(file.text);
  const etag = createHash('sha256').update(bytes).digest('base64url');
  return {
    name: file.name,
    size: bytes.length,
    etag,
    open: async () => wholeContent(etag, pin(bytes), () => {}),
  };
}
