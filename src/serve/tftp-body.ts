/** What a transfer sends, as slices that the kernel takes from where they lie. */
import type { OpenContent } from '../content/resolver.ts';
import type { PinnedBuffer, PinnedSlice } from '../net/udp.ts';
import type { Terms } from '../tftp/negotiate.ts';
import { toNetascii } from '../tftp/netascii.ts';

export interface Body {
  /** Bytes. */
  readonly size: number;
  /**
   * `length` bytes from `offset`. Undefined while they are being read; `onReady` is called when asking again makes
   * sense. One call asks for bytes of one block.
   */
  slice(offset: number, length: number): PinnedSlice | undefined;
  /** Idempotent. No callback comes after it. */
  close(): void;
}

export interface BodyOptions {
  readonly opened: OpenContent;
  readonly mode: 'octet' | 'netascii';
  readonly pin: (bytes: Uint8Array) => PinnedBuffer;
  /** What is agreed for a body of this many bytes. */
  readonly negotiate: (size: number) => Terms;
  readonly onReady: () => void;
  /** The file cannot be read further; nothing else is called after it. */
  readonly onBroken: (detail: string) => void;
}

/** Bytes read at a time from files too large for memory. */
const CHUNK_BYTES = 256 * 1024;

/** Netascii is translated as a whole, before its size can be told; it is for text. */
const NETASCII_BYTES = 16 * 1024 * 1024;

/** Undefined when the file is too large to be translated; the caller closes `opened` then, else the body does. */
export function openBody(options: BodyOptions): { readonly body: Body; readonly terms: Terms } | undefined {
  const { opened, mode, pin } = options;
  const close = () => opened.close();
  if (mode === 'netascii') {
    if (opened.whole === undefined || opened.size > NETASCII_BYTES) return undefined;
    const text = pin(toNetascii(opened.whole.bytes));
    return { body: wholeBody(text, close), terms: options.negotiate(text.bytes.length) };
  }
  const terms = options.negotiate(opened.size);
  if (opened.whole !== undefined) return { body: wholeBody(opened.whole, close), terms };
  const blocks = Math.max(1, Math.floor(CHUNK_BYTES / terms.blockSize));
  return { body: streamedBody(options, blocks * terms.blockSize), terms };
}

/** A body that is in memory as a whole. */
function wholeBody(buffer: PinnedBuffer, close: () => void): Body {
  return {
    size: buffer.bytes.length,
    slice: (offset, length) => ({ buffer, offset, length }),
    close,
  };
}

/**
 * A body that is read from disk as the transfer goes. The chunk in use and the one before it stay, since a client may
 * have lost what was sent last; the chunk after it is read ahead. `chunkBytes` is a multiple of the block size, so that
 * no block lies in two chunks.
 */
function streamedBody(options: BodyOptions, chunkBytes: number): Body {
  const content = options.opened;
  const chunks = new Map<number, PinnedBuffer>();
  const reading = new Set<number>();
  let closed = false;

  function fetch(index: number): void {
    const offset = index * chunkBytes;
    if (offset >= content.size || chunks.has(index) || reading.has(index)) return;
    reading.add(index);
    const expected = Math.min(chunkBytes, content.size - offset);
    content.read(offset, expected).then(
      (bytes) => {
        if (closed) return;
        reading.delete(index);
        if (bytes.length < expected) return stop('the file became shorter while it was sent');
        chunks.set(index, options.pin(bytes));
        options.onReady();
      },
      (error: unknown) => {
        if (!closed) stop(error instanceof Error ? error.message : String(error));
      },
    );
  }

  function stop(detail: string): void {
    close();
    options.onBroken(detail);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    chunks.clear();
    content.close();
  }

  return {
    size: content.size,
    slice(offset, length) {
      const index = Math.floor(offset / chunkBytes);
      fetch(index);
      fetch(index + 1);
      const buffer = chunks.get(index);
      if (buffer === undefined) return undefined;
      for (const old of chunks.keys()) if (old < index - 1) chunks.delete(old);
      return { buffer, offset: offset - index * chunkBytes, length };
    },
    close,
  };
}
