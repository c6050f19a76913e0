/** GRUB for BIOS and UEFI: its modules fetched one by one, its configuration rendered for the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, openScene } from '../lab/scene.ts';
import { GRUB_FILES, makeNetbootGrub } from './netboot-grub.ts';
import { NAMED, site } from './site.ts';

const PROFILE = `name: linux
boot:
  file: ${GRUB_FILES}
files:
  "grub/grub.cfg": { template: grub.cfg.liquid }
`;

const GRUB_CFG = `linux /vmlinuz hostname={{ machine.name }} console=ttyS0
initrd /guest.cpio
boot
`;

for (const firmware of ['bios', 'uefi'] as const) {
  test(`GRUB by TFTP: a ${firmware} machine boots Linux`, async () => {
    const grub = makeNetbootGrub();
    const scene = await openScene(
      'full',
      site({ profile: PROFILE, texts: { 'profiles/grub.cfg.liquid': GRUB_CFG }, search: [grub.path] }),
    );
    try {
      assert.match(await bootToLinux(scene, firmware), NAMED);
    } finally {
      await scene.close();
      grub.remove();
    }
  });
}
