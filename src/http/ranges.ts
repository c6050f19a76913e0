/** Range and conditional requests as a function of the headers (RFC 9110 §13 and §14). */

/** What a file is known by before it is opened. */
export interface Validators {
  /** Bytes. */
  readonly size: number;
  /** Quoted, as it stands in the header. */
  readonly etag: string;
  /** Unix milliseconds; undefined when there is no such time. */
  readonly modifiedAt?: number | undefined;
}

/** The request headers that matter here. */
export interface Conditions {
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-range'?: string | undefined;
  readonly range?: string | undefined;
}

/** The bytes to send: `length` of them from `offset`. 304 and 416 have no body. */
export type Selection =
  | { readonly status: 200 | 206; readonly offset: number; readonly length: number }
  | { readonly status: 304 | 416 };

/** Preconditions come before the range (RFC 9110 §13.2.2). Only GET has ranges (§14.2). */
export function select(method: string, headers: Conditions, file: Validators): Selection {
  if (isUnchanged(headers, file)) return { status: 304 };
  const whole = { status: 200, offset: 0, length: file.size } as const;
  if (headers.range === undefined || method !== 'GET' || !mayHaveRange(headers, file)) return whole;
  const range = parseRange(headers.range, file.size);
  if (range === 'unsatisfiable') return { status: 416 };
  return range === undefined ? whole : { status: 206, ...range };
}

/** If-None-Match compares weakly, and when it is there If-Modified-Since is not looked at (§13.1.3). */
function isUnchanged(headers: Conditions, file: Validators): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === file.etag);
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && file.modifiedAt !== undefined && wholeSeconds(file.modifiedAt) <= since;
}

/** If-Range (§13.1.5): a strong entity tag, or the exact date; anything else means "send it all". */
function mayHaveRange(headers: Conditions, file: Validators): boolean {
  const validator = headers['if-range'];
  if (validator === undefined) return true;
  if (validator.startsWith('"')) return validator === file.etag;
  return file.modifiedAt !== undefined && Date.parse(validator) === wholeSeconds(file.modifiedAt);
}

/** HTTP dates have no fractions of a second. */
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

/**
 * One range, counted from the start or from the end. Undefined when the whole file is to be sent instead: a header
 * that is malformed or of another unit (§14.2 has it ignored), or several ranges, which a server may decline to
 * assemble; no firmware and no iPXE asks for them.
 */
export function parseRange(
  header: string,
  size: number,
): { readonly offset: number; readonly length: number } | 'unsatisfiable' | undefined {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header);
  if (match === null) return undefined;
  const [, firstText = '', lastText = ''] = match;
  if (firstText === '') {
    if (lastText === '') return undefined;
    const length = Math.min(Number(lastText), size);
    return length === 0 ? 'unsatisfiable' : { offset: size - length, length };
  }
  const first = Number(firstText);
  const last = lastText === '' ? size - 1 : Math.min(Number(lastText), size - 1);
  if (lastText !== '' && Number(lastText) < first) return undefined;
  return first >= size ? 'unsatisfiable' : { offset: first, length: last - first + 1 };
}
