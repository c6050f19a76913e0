/**
 * Directories that an operator named, made with those on the way. Node's own `recursive` tries for ever where a directory
 * cannot be made in one that is there, and the answer is ENOENT (in /proc, say).
 */
import { lstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the directory unless it is there. Throws what the file system says, or what else is in its place. */
export function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    if (isDirectory(path)) return; // Somebody else has made it meanwhile.
    throw obstacle(path) ?? error;
  }
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** What stands in the way of a directory that could not be made. */
function obstacle(path: string): Error | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() && statSync(path, { throwIfNoEntry: false }) === undefined)
    return new Error(`${path} is a link to ${readlinkSync(path)}, which is not there`);
  return found === undefined ? undefined : new Error(`${path} is no directory`);
}
