/** The bytes of one transfer: where they lie, or how they come from the disk piece by piece. */
import type { OpenContent } from '../content/resolver.ts';
import type { Cargo, Carriage } from '../lanes/lanes.ts';
import type { PinnedBuffer } from '../net/udp.ts';
import type { Terms } from '../tftp/negotiate.ts';
import { toNetascii } from '../tftp/netascii.ts';

export interface Source {
  /** Bytes. */
  readonly size: number;
  /** The bytes as a whole: a lane knows their address only, so they must stay reachable from here. */
  readonly held?: PinnedBuffer | undefined;
  /** What a lane is told of it. `transfers`: how many there are now, this one among them. */
  cargo(terms: Pick<Terms, 'blockSize' | 'windowSize'>, transfers: number): Cargo;
  /** Reads a piece for a lane that wants it. `onBroken`: the file cannot be read further; nothing comes after it. */
  feed(carriage: Carriage, piece: number, onBroken: (detail: string) => void): void;
  /** Idempotent. No callback comes after it. */
  close(): void;
}

/** Bytes read at a time from files too large for memory: fewer when many transfers have their pieces in memory. */
const PIECE_BYTES = 256 * 1024;
const LEAST_PIECE_BYTES = 16 * 1024;
const ALL_PIECES_BYTES = 256 * 1024 * 1024;
/** Of one transfer: the two that it sends from, and the one read ahead. */
const PIECES_HELD = 3;

/**
 * Netascii is translated as a whole, before its size can be told, while everybody else waits some milliseconds; it is for
 * text.
 */
const NETASCII_BYTES = 1024 * 1024;

/** Undefined when the file is too large to be translated; the caller closes `opened` then, else the source does. */
export type OpenSource = (opened: OpenContent, mode: 'octet' | 'netascii') => Source | undefined;

export function createOpenSource(pin: (bytes: Uint8Array) => PinnedBuffer): OpenSource {
  /** By the bytes in the cache, which are the same ones for all who ask for a version: it is translated once. */
  const translated = new WeakMap<Uint8Array, PinnedBuffer>();

  function netascii({ bytes }: PinnedBuffer): PinnedBuffer {
    const text = translated.get(bytes) ?? pin(toNetascii(bytes));
    translated.set(bytes, text);
    return text;
  }

  return (opened, mode) => {
    if (mode === 'octet')
      return opened.whole === undefined ? pieces(opened, pin) : whole(opened.whole, opened);
    if (opened.whole === undefined || opened.size > NETASCII_BYTES) return undefined;
    return whole(netascii(opened.whole), opened);
  };
}

function whole(buffer: PinnedBuffer, { close }: OpenContent): Source {
  const { size, address } = buffer;
  return { size, held: buffer, cargo: () => ({ size, whole: { address, size } }), feed() {}, close };
}

function pieces(opened: OpenContent, pin: (bytes: Uint8Array) => PinnedBuffer): Source {
  const { size } = opened;
  const kept = new Map<number, PinnedBuffer>();
  let pieceSize = PIECE_BYTES;
  let closed = false;

  function close(): void {
    if (closed) return;
    closed = true;
    kept.clear();
    opened.close();
  }

  async function read(piece: number): Promise<PinnedBuffer> {
    const expected = Math.min(pieceSize, size - piece * pieceSize);
    const bytes = await opened.read(piece * pieceSize, expected);
    if (bytes.length < expected) throw new Error('the file became shorter while it was sent');
    return pin(bytes);
  }

  return {
    size,
    cargo({ blockSize, windowSize }, transfers) {
      const share = Math.max(LEAST_PIECE_BYTES, ALL_PIECES_BYTES / PIECES_HELD / transfers);
      const blocks = Math.floor(Math.min(PIECE_BYTES, share) / blockSize);
      // A window lies in two pieces at most: those that a lane keeps, so that it can send all of the window again.
      pieceSize = Math.max(windowSize, blocks) * blockSize;
      return { size, pieceSize };
    },
    feed(carriage, piece, onBroken) {
      for (const old of kept.keys()) if (old < piece - 2) kept.delete(old);
      read(piece).then(
        (buffer) => {
          if (closed) return;
          kept.set(piece, buffer);
          carriage.put(piece, { address: buffer.address, size: buffer.bytes.length });
        },
        (error: unknown) => {
          if (!closed) onBroken(error instanceof Error ? error.message : String(error));
        },
      );
    },
    close,
  };
}
