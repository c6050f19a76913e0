/** The network of the Linux host (or container) that this process runs on. */
import { listNics } from './interfaces.ts';
import { loadLibc } from './libc.ts';
import { pin } from './memory.ts';
import { lookUpNeighbour } from './neighbours.ts';
import { createSender } from './sender.ts';
import { openSocket } from './socket.ts';
import type { Network, UdpSocket } from './udp.ts';

/** Throws NetError UNSUPPORTED where there is no Linux on x86_64 or aarch64. */
export function createLinuxNetwork(): Network {
  const libc = loadLibc();
  const send = createSender(libc);
  const sockets = new Set<UdpSocket>();
  let closed = false;
  return {
    nics: () => listNics(libc),
    open(options) {
      if (closed) throw new Error('the network is closed');
      const socket = openSocket(libc, send, options, (gone) => sockets.delete(gone));
      sockets.add(socket);
      return socket;
    },
    pin,
    neighbour: lookUpNeighbour,
    async close() {
      closed = true;
      for (const socket of sockets) socket.close();
    },
  };
}
