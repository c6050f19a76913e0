/**
 * What a client asks for and what it gets: blksize (RFC 2348), tsize and timeout (RFC 2349), windowsize (RFC 7440).
 * Options we do not know and values we cannot read are left out of the answer, which RFC 2347 defines as "no".
 */
import { optionValue, type TftpOption } from './packets.ts';

/** RFC 1350: the size of a block when none was agreed. */
export const DEFAULT_BLOCK_SIZE = 512;

const MIN_BLOCK_SIZE = 8;
const MAX_BLOCK_SIZE = 65_464;
const MAX_TIMEOUT_SECONDS = 255;

/** What this server allows. */
export interface Limits {
  /** Bytes. Firmware cannot take IP fragments, so this is what fits one frame; see blockSizeFor(). */
  readonly maxBlockSize: number;
  /** Blocks. */
  readonly maxWindow: number;
}

/** What both sides keep to during one transfer. */
export interface Terms {
  /** Bytes. */
  readonly blockSize: number;
  /** Blocks sent before one acknowledgement is awaited; 1 is lock-step. */
  readonly windowSize: number;
  /** Milliseconds that the client asked to wait before anything is sent again; undefined when it did not ask. */
  readonly timeout: number | undefined;
  /** The answer, in the order asked; empty: no OACK is sent, block 1 is the answer (RFC 2347). */
  readonly oack: readonly TftpOption[];
}

/** Bytes of a frame before the block: IP (without options: 20, or 40), UDP (8), TFTP (4). */
const HEADERS = { 4: 32, 6: 52 };

/**
 * The largest block that is granted on a NIC: what one frame carries after the headers. `configured` is for paths that are
 * narrower than the NIC: bytes of block as such a path carries them over IPv4; over IPv6 it carries less by its longer header.
 */
export function blockSizeFor(mtu: number, version: 4 | 6, configured?: number | undefined): number {
  const narrowest = configured === undefined ? mtu : Math.min(mtu, configured + HEADERS[4]);
  return Math.max(MIN_BLOCK_SIZE, Math.min(MAX_BLOCK_SIZE, narrowest - HEADERS[version]));
}

/**
 * RFC 7440 has windows of up to 65 535 blocks. From 32 768 on a late ACK could be taken for a new one, since block numbers are
 * told in 16 bits.
 */
const MAX_WINDOW = 32_767;
/** Bytes of a window. What receives it has a buffer of 208 KiB, as Linux comes, and here it has to lie in memory. */
const MAX_WINDOW_BYTES = 1024 * 1024;

/** The options of a read request → the terms of its transfer. `size` is the file's, in bytes. */
export function negotiate(options: readonly TftpOption[], size: number, limits: Limits): Terms {
  const asked = (name: string, least: number, most = Number.POSITIVE_INFINITY): number | undefined => {
    const count = parseCount(optionValue(options, name) ?? '');
    return count === undefined || count < least || count > most ? undefined : count;
  };
  const blksize = asked('blksize', MIN_BLOCK_SIZE);
  const seconds = asked('timeout', 1, MAX_TIMEOUT_SECONDS);
  const windowsize = asked('windowsize', 1);
  const blockSize = blksize === undefined ? DEFAULT_BLOCK_SIZE : Math.min(blksize, limits.maxBlockSize);
  const mostBlocks = Math.max(1, Math.floor(MAX_WINDOW_BYTES / blockSize));
  const windowSize = Math.min(windowsize ?? 1, limits.maxWindow, MAX_WINDOW, mostBlocks);
  const granted = new Map([
    ['blksize', blksize && blockSize],
    // curl refuses a size of 0 as invalid (seen with 7.88); for an empty file, no answer says as much.
    ['tsize', size === 0 || asked('tsize', 0) === undefined ? undefined : size],
    ['timeout', seconds],
    ['windowsize', windowsize && windowSize],
  ]);
  const oack = options.flatMap(({ name }) => {
    const value = granted.get(name.toLowerCase());
    return value === undefined ? [] : [{ name, value: String(value) }];
  });
  return { blockSize, windowSize, timeout: seconds && seconds * 1000, oack };
}

/** Decimal digits only, and few enough to be exact. */
function parseCount(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
