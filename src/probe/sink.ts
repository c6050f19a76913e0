/** Takes a file in as it comes: its size, digest and beginning, and no more than that. */
import { createHash } from 'node:crypto';
import { HEAD_SIZE } from './fetched.ts';

export interface Sink {
  take(bytes: Uint8Array): void;
  readonly size: number;
  /** Ends it. */
  finish(): { readonly size: number; readonly sha256: string };
  head(): Uint8Array;
}

export function createSink(): Sink {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let size = 0;
  return {
    take(bytes) {
      const room = HEAD_SIZE - size;
      if (room > 0) kept.push(Uint8Array.from(bytes.subarray(0, room)));
      hash.update(bytes);
      size += bytes.length;
    },
    get size() {
      return size;
    },
    finish: () => ({ size, sha256: hash.digest('hex') }),
    head: () => Buffer.concat(kept),
  };
}
