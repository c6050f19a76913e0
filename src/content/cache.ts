/**
 * Whole files in memory, by version: a file that changes on disk is another version and is read anew, while transfers
 * under way keep the bytes they began with. The budget counts every byte held, also of old versions still in use.
 */
import type { FileHandle } from 'node:fs/promises';
import type { PinnedBuffer } from '../net/udp.ts';
import { type FileVersion, isYoung, type LocatedFile, versionKey, versionOf } from './locate.ts';

/** A use of a cached file; its bytes stay until it is released. */
export interface Held {
  readonly buffer: PinnedBuffer;
  /** Idempotent. */
  release(): void;
}

export interface FileCache {
  /** What is cached of this version, or is being read now; undefined when nothing is. */
  hold(version: FileVersion): Promise<Held | undefined>;
  /**
   * Opens the file and reads it whole, once for all who ask for the same version meanwhile. Undefined when it is too large,
   * there is no room beside files in use, or it is another version by now. Rejects as `open` does.
   */
  load(version: FileVersion, open: () => Promise<LocatedFile>): Promise<Held | undefined>;
  /** Bytes held, for metrics. */
  used(): number;
}

export interface CacheLimits {
  readonly totalBytes: number;
  /** Files beyond this size are never cached. */
  readonly fileBytes: number;
}

interface Entry {
  readonly key: string;
  readonly size: number;
  readonly bytes: Promise<PinnedBuffer | undefined>;
  users: number;
}

/** `pin` makes bytes sendable in place. */
export function createFileCache(limits: CacheLimits, pin: (bytes: Uint8Array) => PinnedBuffer): FileCache {
  /** Least recently used first. */
  const entries = new Map<string, Entry>();
  let used = 0;

  function use(entry: Entry): Promise<Held | undefined> {
    entry.users++;
    if (entries.get(entry.key) === entry) {
      entries.delete(entry.key);
      entries.set(entry.key, entry);
    }
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      entry.users--;
      if (entry.users === 0 && entries.get(entry.key) !== entry) used -= entry.size;
    };
    return entry.bytes.then(
      (buffer) => {
        if (buffer !== undefined) return { buffer, release };
        release();
        return undefined;
      },
      (error: unknown) => {
        release();
        throw error;
      },
    );
  }

  /** Takes an entry out of the map; its bytes count until the last user releases them. */
  function drop(entry: Entry): void {
    if (entries.get(entry.key) !== entry) return;
    entries.delete(entry.key);
    if (entry.users === 0) used -= entry.size;
  }

  /** Lets go what is longest unused, but only if that makes room enough. */
  function makeRoom(size: number): boolean {
    const idle = [...entries.values()].filter(({ users }) => users === 0);
    const least = used - idle.reduce((sum, entry) => sum + entry.size, 0);
    if (least + size > limits.totalBytes) return false;
    for (const entry of idle) {
      if (used + size <= limits.totalBytes) break;
      drop(entry);
    }
    return true;
  }

  return {
    async hold(version) {
      const entry = entries.get(versionKey(version));
      return entry === undefined ? undefined : use(entry);
    },
    async load(version, open) {
      const { size } = version;
      const key = versionKey(version);
      const present = entries.get(key);
      if (present !== undefined) return use(present);
      if (size > limits.fileBytes || !makeRoom(size)) return undefined;
      used += size;
      const startedAt = Date.now();
      const entry: Entry = { key, size, users: 0, bytes: readWhole(version, open, pin) };
      entries.set(key, entry);
      const young = isYoung(version, startedAt);
      const forget = () => drop(entry);
      entry.bytes.then((buffer) => (buffer === undefined || young ? forget() : undefined), forget);
      return use(entry);
    },
    used: () => used,
  };
}

/** All bytes of one version; undefined when it is another by now, or becomes one while it is read. */
async function readWhole(
  version: FileVersion,
  open: () => Promise<LocatedFile>,
  pin: (bytes: Uint8Array) => PinnedBuffer,
): Promise<PinnedBuffer | undefined> {
  const file = await open();
  try {
    if (versionKey(file.version) !== versionKey(version)) return undefined;
    // Not zeroed: every byte is read, or none is used.
    const bytes = Buffer.allocUnsafeSlow(version.size);
    const filled = await readAt(file.handle, bytes, 0);
    const after = await versionOf(file.handle);
    return filled < bytes.length || versionKey(after) !== versionKey(version) ? undefined : pin(bytes);
  } finally {
    await file.handle.close();
  }
}

/** Fills `bytes` from `position` on; returns how many there were before the end of the file. */
export async function readAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
