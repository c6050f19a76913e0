/** One client's transfer as the service keeps it, from its request to a little after its end. */
import type { TftpRequest } from '../tftp/packets.ts';
import type { TransferState } from '../tftp/transfer.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Body } from './tftp-body.ts';

export interface Session {
  readonly client: Ipv4;
  readonly port: number;
  /** The address that was asked, and that answers. */
  readonly local: Ipv4;
  readonly request: TftpRequest;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  mac: Mac | undefined;
  /** As it was asked for, then the name below the root once that is known; without control characters. */
  file: string;
  /** `opening`: the file is looked up. `running`: `transfer` has the details. `over`: remembered for late duplicates. */
  phase: 'opening' | 'running' | 'over';
  transfer: TransferState | undefined;
  body: Body | undefined;
  /** Blocks that wait for the disk. */
  waiting: { readonly first: number; readonly count: number } | undefined;
  /** When the sweep has something to do here; monotonic milliseconds. */
  deadline: number;
}

/** A client's transfer identifier: its address and port as one number, exact below 2^53. */
export function sessionKey(client: Ipv4, port: number): number {
  return client * 0x1_0000 + port;
}

export function openSession(
  from: Pick<Session, 'client' | 'port' | 'local' | 'request' | 'startedAt' | 'deadline'>,
): Session {
  return {
    ...from,
    mac: undefined,
    file: printable(from.request.file),
    phase: 'opening',
    transfer: undefined,
    body: undefined,
    waiting: undefined,
  };
}

/** Whether a client says again what it said before. */
export function isSameRequest(one: TftpRequest, other: TftpRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Text of a client for people: at most 256 characters, controls shown as `?`. */
export function printable(text: string): string {
  return text.slice(0, 256).replaceAll(/\p{Cc}/gu, '?');
}
