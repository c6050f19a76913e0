/** What became of fetching a file, by whatever protocol. */

export interface Fetched {
  /** What the server said before the file: tsize, Content-Length. */
  readonly announced: number | undefined;
  /** What came; undefined when only the beginning was asked for. */
  readonly received: { readonly size: number; readonly sha256: string } | undefined;
  /** The beginning, up to HEAD_SIZE: enough to tell what it is, and all of a script. */
  readonly head: Uint8Array;
  /** TFTP's blksize and windowsize as agreed. */
  readonly blocks: { readonly size: number; readonly window: number } | undefined;
  /** HTTP's status. */
  readonly status: number | undefined;
  readonly milliseconds: number;
  readonly failure: Failure | undefined;
}

export interface Failure {
  /**
   * silent: no answer at all. stalled: it began and then nothing came. refused: the server says no. connect: no
   * connection. redirect: it is elsewhere. name: the host's name is not known.
   */
  readonly kind: 'silent' | 'stalled' | 'refused' | 'connect' | 'redirect' | 'name';
  /** In the server's words, or the system's. */
  readonly detail: string;
}

export const HEAD_SIZE = 1 << 20;

export const nothingFetched: Omit<Fetched, 'milliseconds' | 'failure'> = {
  announced: undefined,
  received: undefined,
  head: new Uint8Array(),
  blocks: undefined,
  status: undefined,
};
