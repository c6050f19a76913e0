/** Secure Boot: Debian's signed shim, its GRUB and its kernel, each checked by the one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packaged } from '../lab/packaged.ts';
import { BOOT_DEADLINE, openScene } from '../lab/scene.ts';
import { filesSent, NAMED, site } from './site.ts';

const PROFILE = `name: linux
boot:
  file: { uefi-x64: debian/shimx64.efi }
files:
  "grub/grub.cfg": { template: grub.cfg.liquid }
`;

/** Nothing here names the machine: the file is rendered for whoever asks. */
const GRUB_CFG = `echo "GRUB for {{ machine.name }}"
linux /vmlinuz hostname={{ machine.name }} console=ttyS0
initrd /guest.cpio
boot
`;

const DEBIAN_GRUB = 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed';

/** Debian's shim, and this file under the name of the second stage that it asks for. */
const chain = (second: string): ReturnType<typeof site> =>
  site({
    profile: PROFILE,
    texts: { 'profiles/grub.cfg.liquid': GRUB_CFG },
    copies: {
      'tftpboot/debian/shimx64.efi': packaged('shim-signed', 'usr/lib/shim/shimx64.efi.signed'),
      'tftpboot/debian/grubx64.efi': second,
    },
  });

test('Secure Boot: shim, GRUB and kernel with their signatures boot Linux', async () => {
  const scene = await openScene('full', chain(packaged('grub-efi-amd64-signed', DEBIAN_GRUB)));
  try {
    const machine = scene.powerOn('uefi-secure');
    try {
      await machine.waitFor(/secureboot: Secure boot enabled/, BOOT_DEADLINE);
      const [, commandLine = ''] = await machine.waitFor(/^cmdline: (.*)$/, BOOT_DEADLINE);
      assert.match(commandLine, NAMED);
    } finally {
      await machine.stop();
    }
    assert.deepEqual(filesSent(scene, 'tftp'), [
      'debian/shimx64.efi',
      'debian/grubx64.efi',
      'grub/grub.cfg',
      'vmlinuz',
      'guest.cpio',
    ]);
  } finally {
    await scene.close();
  }
});
