/** One UDP port of one NIC behind which several sockets stand, so that as many threads can read it. */

import type { Family } from './family.ts';
import { attachProgram } from './filter.ts';
import { type Libc, SO_ATTACH_REUSEPORT_CBPF, SO_REUSEPORT, SOL_SOCKET } from './libc.ts';
import { int32 } from './memory.ts';
import { socketFailure } from './refusal.ts';
import { bindDescriptor, boundPort } from './socket.ts';
import { steeringProgram } from './steering.ts';
import type { Nic, SharedPort } from './udp.ts';

/** Throws NetError, leaving nothing open. */
export function openSharedPort(
  libc: Libc,
  family: Family,
  nic: Nic,
  port: number,
  count: number,
): SharedPort {
  const descriptors: number[] = [];
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const fd of descriptors) libc.close(fd);
  };

  try {
    // The first is bound alone: where anybody holds the port, it fails as any other socket would. Later a stranger could
    // join, by the same option and as the same user, and take all datagrams (seen on Linux 6.18, though it names no NIC):
    // so a port that others may want is not to be shared.
    const first = bindDescriptor(libc, family, nic, port);
    descriptors.push(first);
    const bound = boundPort(libc, first);
    if (count > 1) {
      libc.setsockopt(first, SOL_SOCKET, SO_REUSEPORT, int32(1), 4);
      while (descriptors.length < count)
        descriptors.push(bindDescriptor(libc, family, nic, bound, { reuse: SO_REUSEPORT }));
      if (!attachProgram(libc, first, SO_ATTACH_REUSEPORT_CBPF, steeringProgram(family.version, count)))
        throw socketFailure(libc.errno(), nic.name, family.version);
    }
    return { nic, port: bound, descriptors, close };
  } catch (error) {
    close();
    throw error;
  }
}
