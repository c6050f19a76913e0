/** Gathers what a batch of events has to say, and says it in one send. */
import type { Outgoing, PinnedSlice, UdpSocket } from '../net/udp.ts';
import { DATA_HEAD_SIZE, encodeDataHead } from '../tftp/packets.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** Who is written to, and from which of our addresses. */
export interface Peer {
  readonly client: Ipv4;
  readonly port: number;
  readonly local: Ipv4;
}

export interface Outbox {
  /** A packet other than DATA. */
  packet(peer: Peer, bytes: Uint8Array): void;
  /** A DATA packet; `block` counts without rolling over. */
  data(peer: Peer, block: number, body: PinnedSlice): void;
  flush(): void;
  /** Flushes once what is running now has ended; for what happens outside of a batch. */
  flushSoon(): void;
}

/** `onFailure` is told the errno's name of the first datagram that could not be sent. */
export function createOutbox(socket: () => UdpSocket, onFailure: (code: string) => void): Outbox {
  let batch: Outgoing[] = [];
  /** One head for each datagram of a batch, used anew in the next one: send() copies them. */
  const heads: Uint8Array[] = [];
  let queued = false;

  function flush(): void {
    if (batch.length === 0) return;
    const sending = batch;
    batch = [];
    const { failed } = socket().send(sending);
    const first = failed[0];
    if (first !== undefined) onFailure(first.code);
  }

  return {
    packet(peer, bytes) {
      batch.push({ to: peer.client, port: peer.port, from: peer.local, head: bytes });
    },
    data(peer, block, body) {
      let head = heads[batch.length];
      if (head === undefined) {
        head = new Uint8Array(DATA_HEAD_SIZE);
        heads[batch.length] = head;
      }
      encodeDataHead(head, block);
      batch.push({ to: peer.client, port: peer.port, from: peer.local, head, body });
    },
    flush,
    flushSoon() {
      if (queued) return;
      queued = true;
      queueMicrotask(() => {
        queued = false;
        flush();
      });
    },
  };
}
