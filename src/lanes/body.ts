/** What a transfer sends, as slices that the kernel takes from where they lie. */
import type { Memory, MemorySlice } from '../net/udp.ts';
import type { Cargo } from './messages.ts';

export interface Body {
  /** Bytes. */
  readonly size: number;
  /** `length` bytes from `offset`, of one block. Undefined until the piece that they lie in was put(). */
  slice(offset: number, length: number): MemorySlice | undefined;
  put(piece: number, memory: Memory): void;
}

/** `want` is told each piece once, in order. */
export function createBody(cargo: Cargo, want: (piece: number) => void): Body {
  return 'whole' in cargo ? wholeBody(cargo.size, cargo.whole) : piecewiseBody(cargo, want);
}

const NO_BYTES: Memory = { address: 0, size: 0 };

function wholeBody(size: number, memory: Memory): Body {
  return { size, slice: (offset, length) => ({ memory, offset, length }), put() {} };
}

/**
 * The piece in use and the one before it stay, since a client may have lost what was sent last: a window, which lies in
 * two pieces at most. The one after them is asked for ahead.
 */
function piecewiseBody(
  { size, pieceSize }: Extract<Cargo, { pieceSize: number }>,
  want: (piece: number) => void,
): Body {
  const pieces = new Map<number, Memory>();
  let wanted = 0;
  return {
    size,
    slice(offset, length) {
      // The empty block behind a file of whole blocks lies in no piece.
      if (length === 0) return { memory: NO_BYTES, offset: 0, length: 0 };
      const index = Math.floor(offset / pieceSize);
      for (const old of pieces.keys()) if (old < index - 1) pieces.delete(old);
      for (; wanted <= index + 1 && wanted * pieceSize < size; wanted++) want(wanted);
      const memory = pieces.get(index);
      return memory === undefined ? undefined : { memory, offset: offset - index * pieceSize, length };
    },
    put: (piece, memory) => void pieces.set(piece, memory),
  };
}
