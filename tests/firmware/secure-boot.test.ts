/** Secure Boot: Debian's signed shim, its GRUB and its kernel, each checked by the one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOOT_DEADLINE, openScene } from '../lab/scene.ts';
import { chainSite, signedChain } from './signed-chain.ts';
import { filesSent, NAMED } from './site.ts';

test('Secure Boot: shim, GRUB and kernel with their signatures boot Linux', async () => {
  const scene = await openScene('full', chainSite(signedChain()));
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
