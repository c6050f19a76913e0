/** A file's text, or why it cannot be had. */
import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import type { Diagnostic, Position } from './diagnostic.ts';

/** Far beyond any real inventory; a wrong path (a disk image, /dev/zero) must not fill the memory. */
const MAX_BYTES = 32 * 1024 * 1024;

export interface Unreadable {
  /** Completes the sentence "the file cannot be read: …". */
  readonly unreadable: string;
  /** There is no such file. */
  readonly missing: boolean;
  /** Where its bytes cease to be text. */
  readonly place?: Pick<Position, 'line' | 'column'> | undefined;
}

export type ReadText = { readonly text: string } | Unreadable;

/** Reads UTF-8 text; a byte order mark at its beginning, which Windows editors write, is no part of it. */
export async function readText(file: string): Promise<ReadText> {
  try {
    const status = await stat(file);
    if (!status.isFile()) return refusal(status.isDirectory() ? 'it is a directory' : 'it is no file');
    if (status.size > MAX_BYTES) return refusal(`it is larger than ${MAX_BYTES} bytes`);
    const bytes = await readFile(file);
    return isText(bytes) ? { text: new TextDecoder().decode(bytes) } : notText(bytes);
  } catch (error) {
    return { unreadable: reasonOf(error), missing: isMissing(error) };
  }
}

function refusal(reason: string): Unreadable {
  return { unreadable: reason, missing: false };
}

/** Without NUL: UTF-16, as PowerShell writes it, may be right UTF-8 but for its many NULs. */
function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** Another encoding would be read as text with replacement characters in it, which then reach a kernel's command line. */
function notText(bytes: Buffer): Unreadable {
  const LINE_FEED = 0x0a;
  for (let line = 1, start = 0; start < bytes.length; line += 1) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    const text = bytes.subarray(start, end);
    start = end;
    if (isText(text)) continue;
    const column = new TextDecoder().decode(text).search(/[\0\ufffd]/) + 1;
    return { ...refusal(`line ${line} is no UTF-8 text`), place: { line, column } };
  }
  return refusal('it is no UTF-8 text');
}

/** Whether the error says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** An error of the file system in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'its permissions forbid it',
  EPERM: 'its permissions forbid it',
  ELOOP: 'its symbolic links lead in a circle',
  ENOTDIR: 'a part of its path is no directory',
  EISDIR: 'it is a directory',
};

/** The diagnostic of a file that cannot be read: where it ceases to be text, else at its first character. */
export function unreadable(file: string, reason: string, place?: Unreadable['place']): Diagnostic {
  return {
    severity: 'error',
    code: 'UNREADABLE',
    position: { file, ...(place ?? { line: 1, column: 1 }) },
    message: `the file cannot be read: ${reason}`,
    hint: place === undefined ? undefined : 'save it as UTF-8',
  };
}
