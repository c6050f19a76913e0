/** A machine that is to boot its disk does so, although it asks the network first. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Disk } from '../lab/machine.ts';
import { openScene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { site } from './site.ts';

const PROFILE = 'name: disk\nboot:\n  local: true\n';

/** What the disk says on the serial console. */
const MARKER = 'pilotlight-disk-is-up';

/** Seconds. UEFI that is offered nothing tries each of its network options for a minute. */
const DEADLINE = 300;

/** xor ax,ax; mov ds,ax; mov si,0x7c16; cld; 1: lodsb; test al,al; jz 2f; mov dx,0x3f8; out dx,al; jmp 1b; 2: hlt; jmp 2b */
const BOOT_SECTOR = '31c08ed8be167cfcac84c07406baf803eeebf5f4ebfd';

function biosDisk(folder: string): Disk {
  const image = join(folder, 'disk.img');
  // Firmware may want more of a disk than its first sector to see a geometry.
  const bytes = Buffer.alloc(1 << 20);
  bytes.write(BOOT_SECTOR, 'hex');
  bytes.write(`\r\n${MARKER}\r\n\0`, BOOT_SECTOR.length / 2, 'latin1');
  bytes.writeUInt16LE(0xaa55, 510);
  writeFileSync(image, bytes);
  return { image };
}

function uefiDisk(folder: string): Disk {
  const boot = join(folder, 'EFI/BOOT');
  mkdirSync(boot, { recursive: true });
  const config = join(folder, 'early.cfg');
  writeFileSync(config, `echo ${MARKER}\nhalt\n`);
  const modules = ['echo', 'halt'];
  execFileSync('grub-mkimage', [
    ...['-O', 'x86_64-efi', '-p', '/', '-c', config, '-o', join(boot, 'BOOTX64.EFI')],
    ...modules,
  ]);
  return { files: folder };
}

for (const { firmware, disk } of [
  { firmware: 'bios', disk: biosDisk },
  { firmware: 'uefi', disk: uefiDisk },
] as const) {
  test(`a ${firmware} machine goes on to its disk`, async () => {
    const scratch = makeScratch('disk');
    const scene = await openScene('full', site({ profile: PROFILE }));
    try {
      const machine = scene.powerOn(firmware, { disk: disk(scratch.path) });
      try {
        await machine.waitFor(new RegExp(MARKER), DEADLINE);
      } finally {
        await machine.stop();
      }
    } finally {
      await scene.close();
      scratch.remove();
    }
  });
}
