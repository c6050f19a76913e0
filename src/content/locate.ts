/**
 * A clean path below a root → an open descriptor of a regular file that lies inside that root, or why not.
 *
 * Why nothing outside the root is served, whatever is renamed or relinked meanwhile: root and file are opened with
 * O_PATH, which pins an inode and neither reads it nor runs a device's open (a FIFO does not block, a tape does not
 * rewind), and the file by openat2(2), where the kernel itself refuses to leave the root (RESOLVE_BENEATH). Only a regular
 * file is then reopened for reading, through /proc/self/fd/N, which leads to the pinned inode and follows no path. So the
 * check and the bytes are of the same inode.
 *
 * RESOLVE_BENEATH refuses absolute links too, and people have them: `current` → `/srv/tftp/2026-10`. Such a path is
 * followed in the common way to learn the place it leads to; if that lies below the root's, it is opened as any other path
 * is, so the kernel has the last word.
 *
 * Where there is no openat2 (Linux before 5.6, an old seccomp filter), the place of the file that was followed has it. That
 * is as good as long as nobody moves the root itself.
 */
import { close, constants, fstat } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { OpenBeneath } from '../net/beneath.ts';
import type { ContentFailure } from './resolver.ts';

/** Linux, <asm-generic/fcntl.h>; Node does not name it. */
const O_PATH = 0x20_0000;

const closeDescriptor = promisify(close);
const statDescriptor = promisify(fstat);

/** One version of a file: differs when the file was replaced or written to. */
export interface FileVersion {
  readonly device: bigint;
  readonly inode: bigint;
  /** Bytes. */
  readonly size: number;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** A file inside a root, open for reading. Whoever gets it closes it. */
export interface LocatedFile {
  readonly handle: FileHandle;
  readonly version: FileVersion;
}

export interface Locator {
  /** Opens the file for reading. */
  locate(root: string, path: string): Promise<LocatedFile | ContentFailure>;
  /** The file's version, and nothing opened. */
  inspect(root: string, path: string): Promise<FileVersion | ContentFailure>;
  /**
   * Calls `use` with a directory inside the root, '.' being the root itself: its version, and a path that leads to it and
   * nowhere else until `use` is through.
   */
  enter<T>(
    root: string,
    directory: string,
    use: (path: string, version: FileVersion) => Promise<T>,
  ): Promise<T | ContentFailure>;
}

/** An open descriptor; a FileHandle is one. */
interface Pin {
  readonly fd: number;
  close(): Promise<void>;
}

/** Pins what a path below a pinned root leads to, if it lies inside. Rejects with the errors of open(2). */
type PinTarget = (root: Pin, path: string, flags: number) => Promise<Pin | ContentFailure>;

/** `openBeneath`: undefined where the kernel has none. */
export function createLocator(openBeneath: OpenBeneath | undefined): Locator {
  const pinTarget = openBeneath === undefined ? pinByPlace : pinBeneath(openBeneath);

  /** Pins root and target, and calls `use` with the target. */
  async function pinned<T>(
    root: string,
    path: string,
    flags: number,
    use: (target: Pin) => Promise<T>,
  ): Promise<T | ContentFailure> {
    let rootPin: Pin | undefined;
    let target: Pin | undefined;
    try {
      rootPin = await open(root, O_PATH | constants.O_DIRECTORY);
      const found = await pinTarget(rootPin, path, O_PATH | flags);
      if ('failure' in found) return found;
      target = found;
      return await use(target);
    } catch (error) {
      return failureOf(error);
    } finally {
      await target?.close();
      await rootPin?.close();
    }
  }

  return {
    locate: (root, path) =>
      pinned(root, path, 0, async (target) => {
        const refusal = await refusalOf(target);
        if (refusal !== undefined) return refusal;
        const handle = await open(linkTo(target), constants.O_RDONLY | constants.O_NONBLOCK);
        return { handle, version: await versionOf(handle) };
      }),
    inspect: (root, path) =>
      pinned(root, path, 0, async (target) => (await refusalOf(target)) ?? (await versionOf(target))),
    enter: (root, directory, use) =>
      pinned(root, directory, constants.O_DIRECTORY, async (target) =>
        use(linkTo(target), await versionOf(target)),
      ),
  };
}

const OUTSIDE: ContentFailure = { failure: 'refused', detail: 'it lies outside the root' };

/** What openat2(2) says of a path that leaves the directory. */
const LEAVES = 'EXDEV';

function pinBeneath(openBeneath: OpenBeneath): PinTarget {
  async function pin(root: Pin, path: string, flags: number): Promise<Pin | ContentFailure | undefined> {
    const opened = await openBeneath(root.fd, path, flags);
    if (opened === LEAVES) return undefined;
    if (typeof opened === 'string') return failureBy(opened, opened);
    return { fd: opened, close: () => closeDescriptor(opened) };
  }
  return async (root, path, flags) => {
    const target = await pin(root, path, flags);
    if (target !== undefined) return target;
    const { followed, below } = await follow(root, path, flags);
    await followed.close();
    return (below === undefined ? undefined : await pin(root, below, flags)) ?? OUTSIDE;
  };
}

const pinByPlace: PinTarget = async (root, path, flags) => {
  const { followed, below } = await follow(root, path, flags);
  if (below !== undefined) return followed;
  await followed.close();
  return OUTSIDE;
};

/** Follows a path wherever it leads. `below`: the place as a path below the root, without links; undefined outside of it. */
async function follow(
  root: Pin,
  path: string,
  flags: number,
): Promise<{ readonly followed: Pin; readonly below: string | undefined }> {
  const followed = await open(`${linkTo(root)}/${path}`, flags);
  try {
    const [rootPlace, place] = await Promise.all([placeOf(root), placeOf(followed)]);
    return { followed, below: belowOf(rootPlace, place) };
  } catch (error) {
    await followed.close();
    throw error;
  }
}

function belowOf(root: string, place: string): string | undefined {
  if (place === root) return '.';
  const start = root === '/' ? root : `${root}/`;
  return place.startsWith(start) ? Buffer.from(place.slice(start.length), 'latin1').toString() : undefined;
}

/** A character a byte: two names that are no UTF-8 are not to be taken for one another. */
const placeOf = (pin: Pin): Promise<string> => readlink(linkTo(pin), { encoding: 'latin1' });

/** Text that two versions share only when they are the same one. */
export function versionKey(version: FileVersion): string {
  const { device, inode, size, modifiedNs, changedNs } = version;
  const numbers = [device, inode, modifiedNs, changedNs].map((part) => part.toString(36));
  return `${numbers.join('-')}-${size.toString(36)}`;
}

/** The version of what a descriptor has open. */
export async function versionOf({ fd }: { readonly fd: number }): Promise<FileVersion> {
  const stat = await statDescriptor(fd, { bigint: true });
  return {
    device: stat.dev,
    inode: stat.ino,
    size: Number(stat.size),
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  };
}

/** A file or directory changed twice within one tick of the kernel's clock has the same times for both versions. */
const YOUNG_MS = 100;

/** Whether a change just after `at` (Unix milliseconds) might leave the version as it is. */
export function isYoung(version: FileVersion, at: number): boolean {
  return Number(version.changedNs / 1_000_000n) > at - YOUNG_MS;
}

/** Only regular files are served. */
async function refusalOf({ fd }: Pin): Promise<ContentFailure | undefined> {
  const stat = await statDescriptor(fd);
  if (stat.isFile()) return undefined;
  return { failure: 'refused', detail: stat.isDirectory() ? 'a directory' : 'no regular file' };
}

function linkTo({ fd }: Pin): string {
  return `/proc/self/fd/${fd}`;
}

/** An error of a system call → what the client is told. Other errors are bugs and go on. */
export function failureOf(error: unknown): ContentFailure {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  return failureBy(error.code, error.message);
}

function failureBy(code: unknown, message: string): ContentFailure {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return { failure: 'not-found', detail: 'no such file' };
    case 'EACCES':
    case 'EPERM':
      return { failure: 'refused', detail: 'no permission to read it' };
    case 'ELOOP':
      return { failure: 'refused', detail: 'symbolic links in a circle' };
    default:
      return { failure: 'broken', detail: message };
  }
}
