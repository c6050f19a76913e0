/**
 * A clean path below a root → an open descriptor of a regular file that lies inside that root, or why not.
 *
 * Why nothing outside the root is served, whatever is renamed or relinked meanwhile: the root and the file are opened
 * with O_PATH, which pins an inode and neither reads it nor runs a device's open (a FIFO does not block, a tape does not
 * rewind). What was pinned is then looked at: its type by fstat, its place by /proc/self/fd. Only a regular file
 * whose place is below the root's is reopened for reading, through /proc/self/fd/N, which leads to the pinned inode and
 * follows no path. So the check and the bytes are of the same inode, and links may point anywhere inside the root.
 *
 * openat2(2) would make it one call instead of three, but not safer: RESOLVE_BENEATH also refuses absolute links that
 * stay inside the root, RESOLVE_IN_ROOT reads them as relative to it, and both need a foreign function and a second
 * way for kernels before 5.6.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import type { ContentFailure } from './resolver.ts';

/** Linux, <asm-generic/fcntl.h>; Node does not name it. */
const O_PATH = 0x20_0000;

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

/** Opens the file for reading. */
export function locate(root: string, path: string): Promise<LocatedFile | ContentFailure> {
  return pinned(root, path, 0, async (pin) => {
    const refusal = await refusalOf(pin);
    if (refusal !== undefined) return refusal;
    const handle = await open(linkTo(pin), constants.O_RDONLY | constants.O_NONBLOCK);
    return { handle, version: await versionOf(handle) };
  });
}

/** The file's version, and nothing opened. */
export function inspect(root: string, path: string): Promise<FileVersion | ContentFailure> {
  return pinned(root, path, 0, async (pin) => (await refusalOf(pin)) ?? (await versionOf(pin)));
}

/**
 * Calls `use` with a directory inside the root, '.' being the root itself: its version, and a path that leads to it and
 * nowhere else until `use` is through.
 */
export function enter<T>(
  root: string,
  directory: string,
  use: (path: string, version: FileVersion) => Promise<T>,
): Promise<T | ContentFailure> {
  return pinned(root, directory, constants.O_DIRECTORY, async (pin) =>
    use(linkTo(pin), await versionOf(pin)),
  );
}

/** Text that two versions share only when they are the same one. */
export function versionKey(version: FileVersion): string {
  const { device, inode, size, modifiedNs, changedNs } = version;
  const numbers = [device, inode, modifiedNs, changedNs].map((part) => part.toString(36));
  return `${numbers.join('-')}-${size.toString(36)}`;
}

/** The version of what a descriptor has open. */
export async function versionOf(handle: FileHandle): Promise<FileVersion> {
  const stat = await handle.stat({ bigint: true });
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

/** Pins root and target, checks that the one lies inside the other, and calls `use` with the pinned target. */
async function pinned<T>(
  root: string,
  path: string,
  flags: number,
  use: (pin: FileHandle) => Promise<T>,
): Promise<T | ContentFailure> {
  let rootPin: FileHandle | undefined;
  let pin: FileHandle | undefined;
  try {
    rootPin = await open(root, O_PATH | constants.O_DIRECTORY);
    pin = await open(`${linkTo(rootPin)}/${path}`, O_PATH | flags);
    const [rootPlace, place] = await Promise.all([readlink(linkTo(rootPin)), readlink(linkTo(pin))]);
    const below = rootPlace === '/' ? rootPlace : `${rootPlace}/`;
    if (!`${place}/`.startsWith(below)) return { failure: 'refused', detail: 'it lies outside the root' };
    return await use(pin);
  } catch (error) {
    return failureOf(error);
  } finally {
    await pin?.close();
    await rootPin?.close();
  }
}

/** Only regular files are served. */
async function refusalOf(pin: FileHandle): Promise<ContentFailure | undefined> {
  const stat = await pin.stat();
  if (stat.isFile()) return undefined;
  return { failure: 'refused', detail: stat.isDirectory() ? 'a directory' : 'no regular file' };
}

function linkTo(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

/** An error of a system call → what the client is told. Other errors are bugs and go on. */
export function failureOf(error: unknown): ContentFailure {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  switch (error.code) {
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
      return { failure: 'broken', detail: error.message };
  }
}
