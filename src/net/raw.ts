/** Sockets below UDP, as probes and the kernel's own news need them: opened, drained, closed. */
import { type Libc, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_NONBLOCK } from './libc.ts';
import { watchReadable } from './readiness.ts';
import { NetError } from './udp.ts';

/** Messages read in one turn of the event loop; what is left brings the next turn. */
const DRAIN = 64;

/** Opens a descriptor. `what` names it in the error: `a packet socket on eth1`. Throws NetError. */
export function openRaw(libc: Libc, domain: number, type: number, protocol: number, what: string): number {
  const fd = libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd >= 0) return fd;
  const code = libc.errno();
  const denied = code === 'EPERM' || code === 'EACCES';
  throw denied
    ? new NetError('NO_PERMISSION', `may not open ${what} (${code})`, 'Grant CAP_NET_RAW.')
    : new NetError('UNSUPPORTED', `cannot open ${what} (${code})`, 'Check the limit on open files.');
}

/**
 * Calls back with each message, a view that is valid until the callback returns, and with undefined for an error, such
 * as that of a NIC that goes down. The returned function closes the descriptor; it is idempotent, and no callback comes
 * after it.
 */
export function drain(
  libc: Libc,
  fd: number,
  largest: number,
  onMessage: (bytes: Buffer | undefined) => void,
): () => void {
  const buffer = Buffer.alloc(largest);
  let closed = false;
  const watch = watchReadable(fd, () => {
    for (let count = 0; count < DRAIN && !closed; count += 1) {
      const size = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
      if (size < 0 && libc.errno() === 'EAGAIN') return;
      onMessage(size < 0 ? undefined : buffer.subarray(0, size));
    }
  });
  return () => {
    if (closed) return;
    closed = true;
    watch.close();
    libc.close(fd);
  };
}
