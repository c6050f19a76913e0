/**
 * A machine whose profile says local, and whose loader another DHCP server named: the configuration that the loader asks
 * for sends it to the disk.
 */
import { test } from 'node:test';
import { FOREIGN_ADDRESS, SERVER_ADDRESS, startDnsmasq } from '../lab/rack.ts';
import { openScene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { biosDisk, DISK_MARKER, uefiDisk } from './disks.ts';
import { makeNetbootGrub } from './netboot-grub.ts';
import { site } from './site.ts';

const PROFILE = 'name: disk\nboot:\n  local: true\n';

/** Seconds. */
const DEADLINE = 200;

const PXELINUX = ['/usr/lib/PXELINUX', '/usr/lib/syslinux/modules/bios'];

for (const { loader, file, firmware, disk } of [
  { loader: 'PXELINUX', file: 'lpxelinux.0', firmware: 'bios', disk: biosDisk },
  { loader: 'GRUB', file: 'grub/i386-pc/core.0', firmware: 'bios', disk: biosDisk },
  { loader: 'GRUB', file: 'grub/x86_64-efi/core.efi', firmware: 'uefi', disk: uefiDisk },
] as const) {
  test(`${loader} on ${firmware} goes on to the disk`, async () => {
    const scratch = makeScratch('disk');
    const grub = makeNetbootGrub();
    const scene = await openScene('full', (setup) => {
      const changed = site({ profile: PROFILE, search: [...PXELINUX, grub.path] })(setup);
      return { ...changed, config: { ...changed.config, dhcp: { mode: 'off' } } };
    });
    try {
      const foreign = await startDnsmasq(scene.rack.host('foreign', `${FOREIGN_ADDRESS}/24`), [
        '--dhcp-range=10.77.0.100,10.77.0.199,1h',
        '--dhcp-authoritative',
        `--dhcp-boot=${file},,${SERVER_ADDRESS}`,
      ]);
      const machine = scene.powerOn(firmware, { disk: disk(scratch.path) });
      try {
        await machine.waitFor(new RegExp(DISK_MARKER), DEADLINE);
      } finally {
        await machine.stop();
        await foreign.stop();
      }
    } finally {
      await scene.close();
      grub.remove();
      scratch.remove();
    }
  });
}
