/** PXELINUX out of Debian's packages, its configuration rendered for each machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, openScene } from '../lab/scene.ts';
import { filesSent, NAMED, site } from './site.ts';

const PROFILE = `name: linux
boot:
  file: { bios: lpxelinux.0 }
files:
  "pxelinux.cfg/default": { template: pxelinux.cfg.liquid }
`;

const CONFIGURATION = `default linux
label linux
  kernel vmlinuz
  initrd guest.cpio
  append hostname={{ machine.name }} console=ttyS0
`;

test('PXELINUX boots Linux by a configuration of its own for each machine', async () => {
  const scene = await openScene(
    'full',
    site({
      profile: PROFILE,
      texts: { 'profiles/pxelinux.cfg.liquid': CONFIGURATION },
      search: ['/usr/lib/PXELINUX', '/usr/lib/syslinux/modules/bios'],
    }),
  );
  try {
    assert.match(await bootToLinux(scene, 'bios'), NAMED);
    const sent = filesSent(scene, 'tftp');
    assert.deepEqual(sent, ['lpxelinux.0', 'ldlinux.c32', 'pxelinux.cfg/default', 'vmlinuz', 'guest.cpio']);
  } finally {
    await scene.close();
  }
});
