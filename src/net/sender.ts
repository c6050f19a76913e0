/** Carries a batch out by sendmmsg, and says what became of each datagram. */
import { BROADCAST, type Ipv4 } from '../values/ipv4.ts';
import { type Libc, POLLOUT } from './libc.ts';
import { allocate } from './memory.ts';
import { createSendSlab } from './messages.ts';
import { setNeighbour } from './neighbours.ts';
import type { Outgoing, SendResult } from './udp.ts';

/** How long a full socket buffer may hold the event loop up, a send() call: 5 waits of 2 ms. */
const WAITS = 5;
const WAIT_MS = 2;

export type Send = (fd: number, nic: string, batch: readonly Outgoing[]) => SendResult;

/** Makes the send function that all sockets share. */
export function createSender(libc: Libc): Send {
  const slab = createSendSlab();
  const pollfd = allocate(8);

  /** Waits until the socket buffer has room or the time is over; the send that follows finds out which. */
  function waitForRoom(fd: number): void {
    pollfd.view.setInt32(0, fd, true);
    pollfd.view.setInt16(4, POLLOUT, true);
    libc.poll(pollfd.bytes, 1, WAIT_MS);
  }

  function destination(fd: number, nic: string, { to, neighbour }: Outgoing): Ipv4 {
    if (neighbour === undefined || to === BROADCAST) return to;
    return setNeighbour(libc, fd, nic, to, neighbour) ? to : BROADCAST;
  }

  return (fd, nic, batch) => {
    const failed: { index: number; code: string }[] = [];
    let waits = WAITS;

    /** Sends the slab's first `count` slots, which hold the batch from `first` on. */
    function transmit(first: number, count: number): void {
      let slot = 0;
      let retried = -1;
      while (slot < count) {
        const done = libc.sendmmsg(fd, slab.addressOf(slot), count - slot);
        if (done > 0) {
          slot += done;
          continue;
        }
        const code = libc.errno();
        if (code === 'EINTR') continue;
        if (code === 'EAGAIN' && waits > 0) {
          waits -= 1;
          waitForRoom(fd);
        } else if (code !== 'EAGAIN' && retried !== slot) {
          // An ICMP error about an earlier datagram is reported by whichever call comes next, and is gone then. So the
          // second refusal is this datagram's own.
          retried = slot;
        } else {
          failed.push({ index: first + slot, code });
          slot += 1;
        }
      }
    }

    let first = 0;
    while (first < batch.length) {
      slab.clear();
      let next = first;
      for (let item = batch[next]; item !== undefined; item = batch[next]) {
        if (!slab.add(item, destination(fd, nic, item))) break;
        next += 1;
      }
      transmit(first, next - first);
      first = next;
    }
    return { sent: batch.length - failed.length, failed };
  };
}
