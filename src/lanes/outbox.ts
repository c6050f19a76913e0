/**
 * Gathers what a batch of events has to say, and says it in one send: first what clients in lock-step wait for, which is
 * one datagram each, then the windows. So many windows in one batch, of which each may be dozens of datagrams, hold up
 * nobody who asked for little. All of one transfer goes the same way, in order.
 */
import type { MemorySlice, Outgoing, SendResult } from '../net/udp.ts';
import { DATA_HEAD_SIZE, encodeDataHead } from '../tftp/packets.ts';
import type { IpAddress } from '../values/ip.ts';
import type { Peer } from './peer.ts';

export interface Outbox {
  /** A packet other than DATA. */
  packet(peer: Peer, bytes: Uint8Array): void;
  /** A DATA packet; `block` counts without rolling over. `lockStep`: of a transfer without windows. */
  data(peer: Peer, block: number, body: MemorySlice, lockStep: boolean): void;
  flush(): void;
}

/** `onFailure` is told the errno's name of the first datagram that could not be sent. */
export function createOutbox(
  send: (batch: readonly Outgoing<IpAddress>[]) => SendResult,
  onFailure: (code: string) => void,
): Outbox {
  let first: Outgoing<IpAddress>[] = [];
  let windows: Outgoing<IpAddress>[] = [];
  /** One head for each datagram of a batch, used anew in the next one: send() copies them. */
  const heads: Uint8Array[] = [];

  return {
    packet(peer, bytes) {
      first.push({ to: peer.client, port: peer.port, from: peer.local, head: bytes });
    },
    data(peer, block, body, lockStep) {
      const index = first.length + windows.length;
      let head = heads[index];
      if (head === undefined) {
        head = new Uint8Array(DATA_HEAD_SIZE);
        heads[index] = head;
      }
      encodeDataHead(head, block);
      (lockStep ? first : windows).push({ to: peer.client, port: peer.port, from: peer.local, head, body });
    },
    flush() {
      if (first.length + windows.length === 0) return;
      const sending = windows.length === 0 ? first : first.length === 0 ? windows : first.concat(windows);
      first = [];
      windows = [];
      const [failure] = send(sending).failed;
      if (failure !== undefined) onFailure(failure.code);
    },
  };
}
