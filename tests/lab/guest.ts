/** The Linux that machines boot: Debian's kernel, and an initramfs that says it is up and powers off. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const HOME = resolve(import.meta.dirname, '../..');

/** The guest's init prints this, then its kernel's command line, on the console. */
export const GUEST_MARKER = 'pilotlight-guest-is-up';

/** What a loader puts here the guest's init tells by name and SHA-1, before the marker; thrice, since QEMU's serial line loses characters. */
export const GUEST_SERVED = '/served';

const INIT = `#!/bin/busybox sh
/bin/busybox mkdir /proc
/bin/busybox mount -t proc proc /proc
for pass in 1 2 3; do
  for file in ${GUEST_SERVED}/*; do [ ! -f "$file" ] || /bin/busybox sha1sum "$file"; done
done
/bin/busybox echo "${GUEST_MARKER}"
/bin/busybox echo "cmdline: $(/bin/busybox cat /proc/cmdline)"
/bin/busybox poweroff -f
`;

/** Absolute paths. */
export interface Guest {
  readonly kernel: string;
  readonly initrd: string;
}

/** The kernel that `scripts/packages test` unpacked, or that this machine has installed. */
function findKernel(): string {
  const unpacked = globSync(join(HOME, 'tmp/packages/linux-image-cloud-amd64/boot/vmlinuz-*'));
  const [kernel] = [...unpacked, ...globSync('/boot/vmlinuz-*-cloud-amd64')];
  if (kernel === undefined) throw new Error('There is no kernel for the guest: run scripts/packages test.');
  return kernel;
}

/** The kernel's own built-in archive brings /dev/console, so this one needs no device node and thus no root. */
function buildInitramfs(target: string): void {
  const work = mkdtempSync(`${target}.`);
  const root = join(work, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, GUEST_SERVED));
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  writeFileSync(join(root, 'init'), INIT, { mode: 0o755 });
  const names = ['.', 'bin', 'bin/busybox', 'bin/sh', 'init', GUEST_SERVED.slice(1)].join('\n');
  const archive = execFileSync('cpio', ['--quiet', '-o', '-H', 'newc', '-R', '0:0'], {
    cwd: root,
    input: names,
    maxBuffer: 64 << 20,
  });
  writeFileSync(join(work, 'initramfs'), archive);
  renameSync(join(work, 'initramfs'), target);
  rmSync(work, { recursive: true });
}

/** Builds the initramfs into tmp/, in a moment, and finds the kernel. Safe beside other processes that do the same. */
export function prepareGuest(): Guest {
  const folder = join(HOME, 'tmp');
  mkdirSync(folder, { recursive: true });
  const initrd = join(folder, 'guest.cpio');
  buildInitramfs(initrd);
  return { kernel: findKernel(), initrd };
}
