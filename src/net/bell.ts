/** Wakes a thread that waits in poll(2): an eventfd. */
import { EFD_CLOEXEC, EFD_NONBLOCK, type Libc } from './libc.ts';
import { type Bell, NetError } from './udp.ts';

const COUNTER_SIZE = 8;

/** Throws NetError. */
export function createBell(libc: Libc): Bell {
  const fd = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    throw new NetError(
      'UNSUPPORTED',
      `cannot make an eventfd (${libc.errno()})`,
      'Check the limit on open files.',
    );
  }
  const one = new Uint8Array(BigUint64Array.of(1n).buffer);
  let closed = false;
  return {
    fd,
    ring: () => void (closed || libc.write(fd, one, COUNTER_SIZE)),
    close() {
      if (closed) return;
      closed = true;
      libc.close(fd);
    },
  };
}

/** Quiets a bell by its descriptor, for the thread that heard it. */
export function hush(libc: Libc, fd: number): void {
  libc.read(fd, new Uint8Array(COUNTER_SIZE), COUNTER_SIZE);
}
