/** Disks that say on the serial console that they were booted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../lab/machine.ts';

/** What a disk says. */
export const DISK_MARKER = 'pilotlight-disk-is-up';

/** xor ax,ax; mov ds,ax; mov si,0x7c16; cld; 1: lodsb; test al,al; jz 2f; mov dx,0x3f8; out dx,al; jmp 1b; 2: hlt; jmp 2b */
const BOOT_SECTOR = '31c08ed8be167cfcac84c07406baf803eeebf5f4ebfd';

/** A boot sector. */
export function biosDisk(folder: string): Disk {
  const image = join(folder, 'disk.img');
  // Firmware may want more of a disk than its first sector to see a geometry.
  const bytes = Buffer.alloc(1 << 20);
  bytes.write(BOOT_SECTOR, 'hex');
  bytes.write(`\r\n${DISK_MARKER}\r\n\0`, BOOT_SECTOR.length / 2, 'latin1');
  bytes.writeUInt16LE(0xaa55, 510);
  writeFileSync(image, bytes);
  return { image };
}

/** A FAT file system with the boot program that UEFI looks for. */
export function uefiDisk(folder: string): Disk {
  const boot = join(folder, 'EFI/BOOT');
  mkdirSync(boot, { recursive: true });
  const config = join(folder, 'early.cfg');
  writeFileSync(config, `echo ${DISK_MARKER}\nhalt\n`);
  const modules = ['echo', 'halt'];
  execFileSync('grub-mkimage', [
    ...['-O', 'x86_64-efi', '-p', '/', '-c', config, '-o', join(boot, 'BOOTX64.EFI')],
    ...modules,
  ]);
  return { files: folder };
}
