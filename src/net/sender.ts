/** Carries a batch out by sendmmsg, and says what became of each datagram. */
import { type IpAddress, isIpv4 } from '../values/ip.ts';
import { BROADCAST } from '../values/ipv4.ts';
import type { Family } from './family.ts';
import { type Libc, POLLOUT } from './libc.ts';
import { allocate } from './memory.ts';
import { setNeighbour } from './neighbours.ts';
import { createSendSlab } from './send-slab.ts';
import type { Outgoing, SendResult } from './udp.ts';

/** How long a full socket buffer may hold the event loop up, a send() call: 5 waits of 2 ms. */
const WAITS = 5;
const WAIT_MS = 2;

/**
 * What the kernel says where it cannot cut a message up: EIO, the NIC computes no checksums; EMSGSIZE, or EINVAL until
 * Linux 6.14, a datagram does not fit one frame and would have to be fragmented.
 */
const UNCUT: ReadonlySet<string> = new Set(['EIO', 'EMSGSIZE', 'EINVAL']);

export type Send = (fd: number, nic: string, batch: readonly Outgoing<IpAddress>[]) => SendResult;

/** Makes the send function that all sockets of a family share. */
export function createSender(libc: Libc, family: Family): Send {
  const slab = createSendSlab(family);
  const pollfd = allocate(8);
  /** NICs whose datagrams go one by one. */
  const apart = new Set<string>();

  /** Waits until the socket buffer has room or the time is over; the send that follows finds out which. */
  function waitForRoom(fd: number): void {
    pollfd.view.setInt32(0, fd, true);
    pollfd.view.setInt16(4, POLLOUT, true);
    libc.poll(pollfd.address, 1, WAIT_MS);
  }

  function destination(fd: number, nic: string, { to, neighbour }: Outgoing<IpAddress>): IpAddress {
    if (neighbour === undefined || to === BROADCAST || !isIpv4(to)) return to;
    return setNeighbour(libc, fd, nic, to, neighbour) ? to : BROADCAST;
  }

  return (fd, nic, batch) => {
    const failed: { index: number; code: string }[] = [];
    let waits = WAITS;
    let join = !apart.has(nic);

    /**
     * Sends what is in the slab, whose first datagram is number `first` of the batch. Returns the number of the first one
     * that is still to be laid out.
     */
    function transmit(first: number): number {
      let next = first;
      let retried = -1;
      for (let slot = 0; slot < slab.count(); ) {
        const done = libc.sendmmsg(fd, slab.addressOf(slot), slab.count() - slot);
        if (done > 0) {
          for (const end = slot + done; slot < end; slot += 1) next += slab.datagramsOf(slot);
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
        } else if (slab.datagramsOf(slot) > 1 && UNCUT.has(code)) {
          if (code === 'EIO') apart.add(nic);
          join = false;
          return next;
        } else {
          for (const end = next + slab.datagramsOf(slot); next < end; next += 1)
            failed.push({ index: next, code });
          slot += 1;
        }
      }
      return next;
    }

    let first = 0;
    while (first < batch.length) {
      slab.clear();
      let next = first;
      for (let item = batch[next]; item !== undefined; item = batch[next]) {
        if (!slab.add(item, destination(fd, nic, item), join)) break;
        next += 1;
      }
      first = transmit(first);
    }
    return { sent: batch.length - failed.length, failed };
  };
}
