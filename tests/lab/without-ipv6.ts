/**
 * Runs a program that is given no IPv6 sockets, as by a kernel that was started with ipv6.disable=1: a seccomp(2) filter says
 * EAFNOSUPPORT to socket(AF_INET6), and nothing else is different.
 *
 *   node tests/lab/without-ipv6.ts PROGRAM [ARGUMENT…]
 */
import assert from 'node:assert/strict';
import koffi from 'koffi';

const SYS_SOCKET = { x64: 41, arm64: 198 };
const AF_INET6 = 10;
const EAFNOSUPPORT = 97;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const RETURN_ERRNO = 0x0005_0000;
const ALLOW = 0x7fff_0000;
/** struct seccomp_data: where the number of the system call stands, and its first argument. */
const DATA = { number: 0, argument: 16 };
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const ANSWER = 0x06;

const [program = assert.fail('which program?'), ...args] = process.argv.slice(2);
const { arch } = process;
assert.ok(arch === 'x64' || arch === 'arm64', `unknown architecture ${arch}`);

/** { code, jump when true, jump when false, value }, as the kernel's struct sock_filter has them. */
const steps = [
  [LOAD, 0, 0, DATA.number],
  [JUMP_IF_EQUAL, 0, 3, SYS_SOCKET[arch]],
  [LOAD, 0, 0, DATA.argument],
  [JUMP_IF_EQUAL, 0, 1, AF_INET6],
  [ANSWER, 0, 0, RETURN_ERRNO | EAFNOSUPPORT],
  [ANSWER, 0, 0, ALLOW],
] as const;
const filter = Buffer.from(new ArrayBuffer(steps.length * 8));
for (const [index, [code, whenTrue, whenFalse, value]] of steps.entries()) {
  filter.writeUInt16LE(code, index * 8);
  filter.writeUInt8(whenTrue, index * 8 + 2);
  filter.writeUInt8(whenFalse, index * 8 + 3);
  filter.writeUInt32LE(value, index * 8 + 4);
}
/** struct sock_fprog { unsigned short length; struct sock_filter *steps; } */
const described = Buffer.from(new ArrayBuffer(16));
described.writeUInt16LE(steps.length);
described.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
const prctl: (option: number, mode: number, described: Uint8Array) => number = koffi
  .load(null)
  .func('int prctl(int, unsigned long, void *)');
assert.equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described), 0, 'prctl');
// The filter is this thread's, and stays with what the thread turns into.
assert.ok(process.execve);
process.execve(program, [program, ...args], process.env);
