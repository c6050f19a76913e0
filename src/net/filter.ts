/** Programs of the kernel's packet filter (classic BPF). */
import type { Libc } from './libc.ts';
import { SOL_SOCKET } from './libc.ts';
import { allocate, setWord } from './memory.ts';

/** struct sock_filter: { code, jt, jf, k }. */
export type FilterStep = readonly [code: number, whenTrue: number, whenFalse: number, value: number];

const STEP_SIZE = 8;

/** Gives a socket a program by one of the SO_ATTACH options. False: the kernel refuses it, and errno() says why. */
export function attachProgram(libc: Libc, fd: number, option: number, steps: readonly FilterStep[]): boolean {
  const program = allocate(steps.length * STEP_SIZE);
  for (const [index, [code, whenTrue, whenFalse, value]] of steps.entries()) {
    const at = index * STEP_SIZE;
    program.view.setUint16(at, code, true);
    program.view.setUint8(at + 2, whenTrue);
    program.view.setUint8(at + 3, whenFalse);
    program.view.setUint32(at + 4, value, true);
  }
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const described = allocate(16);
  described.view.setUint16(0, steps.length, true);
  setWord(described.view, 8, program.address);
  return libc.setsockopt(fd, SOL_SOCKET, option, described.bytes, described.bytes.length) === 0;
}
