/**
 * Sockets of a thread that does nothing else than answer them: it is parked in poll(2), and a datagram wakes it without
 * the way through an event loop. A client in lock-step feels that with every block.
 */
import type { IpAddress } from '../values/ip.ts';
import { hush } from './bell.ts';
import { FAMILIES, INET, INET6 } from './family.ts';
import { loadLibc, POLLIN } from './libc.ts';
import { allocate } from './memory.ts';
import { BATCH, createReceiveSlab, type ReceiveSlab } from './messages.ts';
import { createSender } from './sender.ts';
import type { Datagram, IpVersion, Outgoing, SendResult } from './udp.ts';

/** struct pollfd { int fd; short events; short revents; } */
const POLLFD = { events: 4, revents: 6, size: 8 };

/** Batches taken of one socket before others have their turn: each answer brings the next question at once. */
const ROUNDS = 16;

/** A socket whose descriptor belongs to somebody else, who closes it after leave(). */
export interface ParkedSocket {
  send(batch: readonly Outgoing<IpAddress>[]): SendResult;
  /** Reads it no more. */
  leave(): void;
}

export interface ParkedNetwork {
  /** Datagrams longer than `slotSize` are told by their beginning. */
  adopt(
    fd: number,
    version: IpVersion,
    nic: string,
    slotSize: number,
    onReceive: (batch: readonly Datagram<IpAddress>[]) => void,
  ): ParkedSocket;
  /**
   * Waits up to `ms` (Infinity: without end) for datagrams, and hands them over in batches; true when the bell rang. Having
   * answered, it looks `yields` times for more, giving its CPU away in between, before it goes to sleep: half a
   * microsecond each where nobody wants the CPU.
   */
  wait(ms: number, yields?: number): boolean;
}

interface Adopted {
  readonly fd: number;
  readonly slab: ReceiveSlab<IpAddress>;
  readonly onReceive: (batch: readonly Datagram<IpAddress>[]) => void;
}

/** `bell`: the descriptor of the bell that ends a wait. */
export function parkNetwork(bell: number): ParkedNetwork {
  const libc = loadLibc();
  const senders = { 4: createSender(libc, INET), 6: createSender(libc, INET6) };
  let adopted: readonly Adopted[] = [];
  let list = describe(bell, adopted);

  function change(next: readonly Adopted[]): void {
    adopted = next;
    list = describe(bell, adopted);
  }

  function drain({ fd, slab, onReceive }: Adopted, yields: number): void {
    let left = yields;
    for (let round = 0; round < ROUNDS; ) {
      const received = libc.recvmmsg(fd, slab.address, BATCH);
      if (received > 0) {
        round += 1;
        left = yields;
        onReceive(slab.take(received));
      } else {
        if (left === 0) return;
        left -= 1;
        libc.sched_yield();
      }
    }
  }

  return {
    adopt(fd, version, nic, slotSize, onReceive) {
      // From which address a broadcast would be answered is not asked here: nothing but unicast is.
      const slab = createReceiveSlab(FAMILIES[version], slotSize, () => false);
      const socket: Adopted = { fd, slab, onReceive };
      const send = senders[version];
      change([...adopted, socket]);
      return {
        send: (batch) => send(fd, nic, batch),
        leave: () => change(adopted.filter((each) => each !== socket)),
      };
    },
    wait(ms, yields = 0) {
      const timeout = ms === Number.POSITIVE_INFINITY ? -1 : Math.ceil(ms);
      const polled = list;
      // An error is EINTR: the next turn waits again.
      if (libc.poll(polled.address, adopted.length + 1, timeout) <= 0) return false;
      let at = POLLFD.revents;
      for (const socket of adopted) {
        at += POLLFD.size;
        if (polled.view.getInt16(at, true) !== 0) drain(socket, yields);
      }
      const rang = polled.view.getInt16(POLLFD.revents, true) !== 0;
      if (rang) hush(libc, bell);
      return rang;
    },
  };
}

function describe(bell: number, adopted: readonly Adopted[]) {
  const list = allocate((adopted.length + 1) * POLLFD.size);
  for (const [index, fd] of [bell, ...adopted.map((socket) => socket.fd)].entries()) {
    list.view.setInt32(index * POLLFD.size, fd, true);
    list.view.setInt16(index * POLLFD.size + POLLFD.events, POLLIN, true);
  }
  return list;
}
