/** A machine that is to boot its disk does so, although it asks the network first. */
import { test } from 'node:test';
import { BOOT_DEADLINE, openScene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { biosDisk, DISK_MARKER, uefiDisk } from './disks.ts';
import { site } from './site.ts';

const PROFILE = 'name: disk\nboot:\n  local: true\n';

const CASES = [
  { firmware: 'bios', disk: biosDisk, toldBy: /Pilotlight: booting from the local disk/ },
  // A firmware that finds no answer says PXE-E16, a minute later.
  { firmware: 'uefi-ipv4', disk: uefiDisk, toldBy: /PXE-E21: Remote boot cancelled/ },
] as const;

for (const { firmware, disk, toldBy } of CASES) {
  test(`a ${firmware} machine is told to go on to its disk`, async () => {
    const scratch = makeScratch('disk');
    const scene = await openScene('full', site({ profile: PROFILE }));
    try {
      const machine = scene.powerOn(firmware, { disk: disk(scratch.path) });
      try {
        await machine.waitFor(toldBy, BOOT_DEADLINE);
        await machine.waitFor(new RegExp(DISK_MARKER), BOOT_DEADLINE);
      } finally {
        await machine.stop();
      }
    } finally {
      await scene.close();
      scratch.remove();
    }
  });
}
