/** The npm package `tftp` 0.1.2, as far as it is used here. It has no types of its own. */
declare module 'tftp' {
  import type { Readable } from 'node:stream';

  interface ClientOptions {
    readonly host: string;
    readonly port: number;
    readonly blockSize: number;
    readonly windowSize: number;
    /** Milliseconds. */
    readonly timeout: number;
    readonly retries: number;
  }

  /** What was agreed on. */
  interface Stats {
    readonly blockSize: number;
    readonly windowSize: number;
    /** tsize; null when the server did not say. */
    readonly size: number | null;
    readonly remoteAddress: string;
    readonly remotePort: number;
  }

  interface GetStream extends Readable {
    on(event: 'stats', listener: (stats: Stats) => void): this;
    on(event: 'abort' | 'close' | 'end', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'data', listener: (chunk: Buffer) => void): this;
    abort(reason?: string): void;
  }

  interface Client {
    createGetStream(
      file: string,
      options: { readonly userExtensions: Readonly<Record<string, string>> },
    ): GetStream;
    /** Not for the public: what a request carries, and how many bytes that is besides the name. */
    readonly _options: { extensionsString: Record<string, string>; extensionsLength: number };
  }

  const tftp: { createClient(options: ClientOptions): Client };
  export default tftp;
}
