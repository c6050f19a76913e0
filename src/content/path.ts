/** What clients write as a path → the one form that is looked up, or why it is not looked up at all. */
import type { ContentFailure } from './resolver.ts';

/** Linux: PATH_MAX. */
const MAX_LENGTH = 4096;

/** NUL, the other controls and DEL: no file for booting is named so, and a log line should not be either. */
const CONTROL = /\p{Cc}/u;

/**
 * Forward and back slashes separate (Windows boot managers ask for `\Boot\BCD`); leading and doubled ones and `.` mean
 * nothing. `..` is refused wherever it stands, also where it would stay inside. `%` is a character like any other.
 */
export function cleanPath(path: string): { readonly path: string } | ContentFailure {
  if (path.length > MAX_LENGTH) return { failure: 'not-found', detail: 'the path is too long' };
  if (CONTROL.test(path)) return { failure: 'refused', detail: 'the path holds control characters' };
  const segments = path.split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return { failure: 'refused', detail: 'the path holds ".."' };
  if (segments.length === 0) return { failure: 'not-found', detail: 'the path is empty' };
  return { path: segments.join('/') };
}
