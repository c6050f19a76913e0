/**
 * openat2(2) with RESOLVE_BENEATH (Linux 5.6): opens a path below a directory, and the kernel sees to it that nothing on the
 * way leaves that directory, whatever is renamed or relinked meanwhile.
 */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * A descriptor, which the caller closes, or the errno's name: `EXDEV` where the path leaves the directory, also by an
 * absolute link that would come back. `flags` as of open(2), without those that create. The call waits on a thread of
 * libuv's pool, as Node's own do.
 */
export type OpenBeneath = (directory: number, path: string, flags: number) => Promise<number | string>;

/** The same on x86_64 and aarch64. */
const SYS_OPENAT2 = 437;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0x20_0000;

const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_BENEATH = 0x08n;
/** struct open_how { u64 flags; u64 mode; u64 resolve; } */
const OPEN_HOW_SIZE = 24;

/** Calls under way; others wait for their turn. koffi takes 256, and libuv's pool has four threads unless it is told otherwise. */
const AT_ONCE = 64;

/** A rename anywhere on the system while a `..` is followed may end the call with EAGAIN, as openat2(2) tells. */
const TRIES = 16;

/** Undefined where the kernel has no openat2, or a container's seccomp filter keeps it from us. */
export function createOpenBeneath(): OpenBeneath | undefined {
  const libc = koffi.load(null);
  const syscall = libc.func('long syscall(long, int, const char *, void *, size_t)');

  function howTo(flags: number): Uint8Array {
    const how = new Uint8Array(OPEN_HOW_SIZE);
    const view = new DataView(how.buffer);
    view.setBigUint64(0, BigInt(flags | O_CLOEXEC), true);
    view.setBigUint64(16, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, true);
    return how;
  }

  const call = (directory: number, path: string, how: Uint8Array) =>
    new Promise<number | string>((resolve, reject) => {
      syscall.async(SYS_OPENAT2, directory, path, how, OPEN_HOW_SIZE, (error: unknown, fd: number) => {
        if (error !== null) reject(error);
        else resolve(fd >= 0 ? fd : getSystemErrorName(-koffi.errno()));
      });
    });

  // Descriptor -1 is none: a kernel that knows the call complains of it.
  syscall(SYS_OPENAT2, -1, '.', howTo(O_PATH), OPEN_HOW_SIZE);
  if (getSystemErrorName(-koffi.errno()) !== 'EBADF') return undefined;

  const queue: (() => void)[] = [];
  let calls = 0;

  async function open(directory: number, path: string, how: Uint8Array): Promise<number | string> {
    if (calls < AT_ONCE) calls++;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await call(directory, path, how);
    } finally {
      const next = queue.shift();
      if (next === undefined) calls--;
      else next();
    }
  }

  return async (directory, path, flags) => {
    const how = howTo(flags);
    for (let left = TRIES; ; left--) {
      const opened = await open(directory, path, how);
      if (opened !== 'EAGAIN' || left === 0) return opened;
    }
  };
}
