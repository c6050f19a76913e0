/**
 * What the service and a lane's thread say to each other. Bytes of files never pass: the service keeps them in memory
 * until a transfer has ended, and tells where they lie.
 */
import type { IpVersion, Memory } from '../net/udp.ts';
import type { Terms } from '../tftp/negotiate.ts';
import type { TransferResult } from '../tftp/transfer.ts';
import type { Peer } from './peer.ts';

/**
 * What is sent: all of it in memory, or pieces of so many bytes that are asked for in turn. A piece is a multiple of the block,
 * and no smaller than a window.
 */
export type Cargo =
  | { readonly size: number; readonly whole: Memory }
  | { readonly size: number; readonly pieceSize: number };

/** To a thread. `socket` and `transfer` are numbers that the service gives and never gives again. */
export type Order =
  | {
      readonly kind: 'open';
      readonly socket: number;
      readonly fd: number;
      readonly version: IpVersion;
      readonly nic: string;
      /** Whether requests come to this port too. */
      readonly requests: boolean;
    }
  /** Answered by one more in LaneData.closed. */
  | { readonly kind: 'close'; readonly socket: number }
  | {
      readonly kind: 'begin';
      readonly socket: number;
      readonly transfer: number;
      readonly peer: Peer;
      readonly terms: Terms;
      readonly cargo: Cargo;
    }
  | { readonly kind: 'piece'; readonly transfer: number; readonly piece: number; readonly memory: Memory }
  /** Ends without a word to the client. Answered by `ended`. */
  | { readonly kind: 'drop'; readonly transfer: number }
  /** A packet that belongs to no transfer. */
  | { readonly kind: 'answer'; readonly socket: number; readonly peer: Peer; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

/** How far a transfer came. */
export interface Progress {
  /** Bytes that the client acknowledged. */
  readonly bytes: number;
  /** Datagrams sent again. */
  readonly resent: number;
}

/** From a thread. */
export type Report =
  | { readonly kind: 'started'; readonly transfer: number }
  | { readonly kind: 'progress'; readonly transfer: number; readonly progress: Progress }
  /** The bytes are used no more. */
  | {
      readonly kind: 'ended';
      readonly transfer: number;
      readonly result: TransferResult | 'dropped';
      readonly detail: string | undefined;
      readonly progress: Progress;
    }
  /** Asked once for each piece; pieces before the one before it are used no more. */
  | { readonly kind: 'wanted'; readonly transfer: number; readonly piece: number }
  | { readonly kind: 'request'; readonly socket: number; readonly peer: Peer; readonly bytes: Uint8Array }
  | {
      readonly kind: 'malformed';
      readonly socket: number;
      readonly peer: Peer;
      readonly code: string;
      readonly detail: string;
    }
  /** The first datagram of a batch that the kernel refused, by the errno's name. */
  | { readonly kind: 'unsent'; readonly socket: number; readonly code: string };

/** What a thread is started with. */
export interface LaneData {
  /** The descriptor that rings when there are orders. */
  readonly bell: number;
  /** One shared int: how many `close` orders were carried out. */
  readonly closed: SharedArrayBuffer;
}
