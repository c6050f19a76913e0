/**
 * What a client asks for and what it gets: blksize (RFC 2348), tsize and timeout (RFC 2349), windowsize (RFC 7440).
 * Options we do not know and values we cannot read are left out of the answer, which RFC 2347 defines as "no".
 */
import type { TftpOption } from './packets.ts';

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

/** The options of a read request → the terms of its transfer. `size` is the file's, in bytes. */
export function negotiate(options: readonly TftpOption[], size: number, limits: Limits): Terms {
  let blockSize = DEFAULT_BLOCK_SIZE;
  let windowSize = 1;
  let timeout: number | undefined;
  const oack: TftpOption[] = [];
  for (const { name, value } of options) {
    const asked = parseCount(value);
    if (asked === undefined) continue;
    switch (name.toLowerCase()) {
      case 'blksize':
        if (asked < MIN_BLOCK_SIZE) continue;
        blockSize = Math.min(asked, limits.maxBlockSize);
        oack.push({ name, value: String(blockSize) });
        break;
      case 'tsize':
        // curl refuses a size of 0 as invalid (seen with 7.88); for an empty file, no answer says as much.
        if (size === 0) continue;
        oack.push({ name, value: String(size) });
        break;
      case 'timeout':
        if (asked < 1 || asked > MAX_TIMEOUT_SECONDS) continue;
        timeout = asked * 1000;
        oack.push({ name, value: String(asked) });
        break;
      case 'windowsize':
        if (asked < 1) continue;
        windowSize = Math.min(asked, limits.maxWindow);
        oack.push({ name, value: String(windowSize) });
        break;
    }
  }
  return { blockSize, windowSize, timeout, oack };
}

/** Decimal digits only, and few enough to be exact. */
function parseCount(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
