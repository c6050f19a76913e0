/**
 * A clean path below a root → an open descriptor of a regular file that lies inside that root, or why not.
 *
 * Why nothing outside the root is served, whatever is renamed or relinked meanwhile: the root and the file are opened
 * with O_PATH, which pins an inode and neither reads it nor runs a device's open (a FIFO does not block, a tape does not
 * rewind). What was pinned is then looked at: its type by fstat, its place by /proc/self/fd. Only a regular file
 * whose place is below the root's is reopened for reading, through /proc/self/fd/N, which leads to the pinned inode and
 * follows no path. So the check and the bytes are of the same inode, and links may point anywhere inside the root.
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
  return pinned(root, path, async (link) => {
    const handle = await open(link, constants.O_RDONLY | constants.O_NONBLOCK);
    return { handle, version: await versionOf(handle) };
  });
}

/** The file's version, and nothing opened. */
export function inspect(root: string, path: string): Promise<FileVersion | ContentFailure> {
  return pinned(root, path, async (_link, version) => version);
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

/** Pins root and file, checks them, and calls `use` with a link that leads to the pinned file. */
async function pinned<T>(
  root: string,
  path: string,
  use: (link: string, version: FileVersion) => Promise<T>,
): Promise<T | ContentFailure> {
  let rootHandle: FileHandle | undefined;
  let fileHandle: FileHandle | undefined;
  try {
    rootHandle = await open(root, O_PATH | constants.O_DIRECTORY);
    fileHandle = await open(`${linkTo(rootHandle)}/${path}`, O_PATH);
    const [rootPlace, place, stat] = await Promise.all([
      readlink(linkTo(rootHandle)),
      readlink(linkTo(fileHandle)),
      fileHandle.stat(),
    ]);
    const below = rootPlace === '/' ? rootPlace : `${rootPlace}/`;
    if (!place.startsWith(below)) return { failure: 'refused', detail: 'it lies outside the root' };
    if (!stat.isFile())
      return { failure: 'refused', detail: stat.isDirectory() ? 'a directory' : 'no regular file' };
    return await use(linkTo(fileHandle), await versionOf(fileHandle));
  } catch (error) {
    return failureOf(error);
  } finally {
    await fileHandle?.close();
    await rootHandle?.close();
  }
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
