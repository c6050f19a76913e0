/** The seam that TFTP and HTTP share: a requested path, and who asks → bytes, or why not. */
import type { PinnedBuffer } from '../net/udp.ts';
import type { IpAddress } from '../values/ip.ts';
import type { Mac } from '../values/mac.ts';

/** Who asks for a file, as far as that is known. */
export interface Requester {
  readonly address: IpAddress | undefined;
  /** From our lease, the kernel's neighbour table, the address itself (IPv6), or the path, in that order. */
  readonly mac: Mac | undefined;
  /** Our own address on the NIC that the request came in on, for URLs inside rendered text. */
  readonly serverAddress: IpAddress;
}

/** A file that may be served. Nothing is read until open(). */
export interface Content {
  /** The path below the root that matched, with forward slashes, or the name of a rendered file. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Strong validator: changes when the bytes change. */
  readonly etag: string;
  /** Unix milliseconds of the last change; undefined for rendered text. */
  readonly modifiedAt?: number | undefined;
  open(): Promise<OpenContent>;
}

/** An opened file: its bytes stay what they were at open(), whatever happens on disk, when `whole` is set. */
export interface OpenContent {
  readonly size: number;
  /** Another than the Content's if the file was changed between the two. */
  readonly etag: string;
  /** All the bytes, in memory and sendable in place, when the file is small enough for the cache. */
  readonly whole?: PinnedBuffer | undefined;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Idempotent. */
  close(): void;
}

export type ContentFailure =
  | { readonly failure: 'not-found'; readonly detail: string }
  | { readonly failure: 'refused'; readonly detail: string } // outside the roots, a directory, a device
  | { readonly failure: 'broken'; readonly detail: string }; // a template that does not render, an I/O error

export interface ContentResolver {
  resolve(path: string, requester: Requester): Promise<Content | ContentFailure>;
}
