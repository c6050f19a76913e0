/** A file's text, or why it cannot be had. */
import { readFile, stat } from 'node:fs/promises';
import type { Diagnostic } from './diagnostic.ts';

/** Far beyond any real inventory; a wrong path (a disk image, /dev/zero) must not fill the memory. */
const MAX_BYTES = 32 * 1024 * 1024;

export type ReadText =
  | { readonly text: string }
  | { readonly unreadable: string /** There is no such file. */; readonly missing: boolean };

/** Reads UTF-8 text. A reason completes the sentence "the file cannot be read: …". */
export async function readText(file: string): Promise<ReadText> {
  try {
    const status = await stat(file);
    if (!status.isFile()) return refusal(status.isDirectory() ? 'it is a directory' : 'it is no file');
    if (status.size > MAX_BYTES) return refusal(`it is larger than ${MAX_BYTES} bytes`);
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    return { unreadable: reasonOf(error), missing: isMissing(error) };
  }
}

function refusal(reason: string): ReadText {
  return { unreadable: reason, missing: false };
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

/** The diagnostic of a file that cannot be read, at its first character. */
export function unreadable(file: string, reason: string, hint?: string): Diagnostic {
  const position = { file, line: 1, column: 1 };
  return {
    severity: 'error',
    code: 'UNREADABLE',
    position,
    message: `the file cannot be read: ${reason}`,
    hint,
  };
}
