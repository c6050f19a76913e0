/** An ARM64 machine boots Debian's installer for ARM64 as Debian ships it: shim, GRUB and kernel of one TFTP root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packaged } from '../lab/packaged.ts';
import { openScene } from '../lab/scene.ts';
import { NAMED, site } from './site.ts';

const ROOT = 'usr/lib/debian-installer/images/12/arm64/text';

const PROFILE = `name: linux
boot:
  file: { uefi-arm64: debian-installer/arm64/bootnetaa64.efi }
files:
  "debian-installer/arm64/grub/grub.cfg": { template: grub.cfg.liquid }
`;

/** Debian's own configuration lies at the same path, and is a menu that waits. The kernel alone tells what is looked for. */
const GRUB_CFG = `linux /debian-installer/arm64/linux hostname={{ machine.name }} console=ttyAMA0
boot
`;

/** Seconds: 37 MB through an emulated CPU of another architecture. */
const DEADLINE = 300;

test('ARM64: UEFI PXE, shim and GRUB boot the kernel of Debian’s installer', async () => {
  const scene = await openScene(
    'full',
    site({
      profile: PROFILE,
      texts: { 'profiles/grub.cfg.liquid': GRUB_CFG },
      search: [packaged('debian-installer-12-netboot-arm64', ROOT)],
    }),
  );
  try {
    const machine = scene.powerOn('uefi-arm64');
    try {
      const [, commandLine = ''] = await machine.waitFor(/Kernel command line: (.*)$/, DEADLINE);
      assert.match(commandLine, NAMED);
    } finally {
      await machine.stop();
    }
  } finally {
    await scene.close();
  }
});
