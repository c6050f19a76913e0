/**
 * boot.menu by loaders that fetch their configuration, with nobody at the machine: they show it, and after its timeout boot its
 * first item.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firmware } from '../lab/machine.ts';
import { FOREIGN_ADDRESS, SERVER_ADDRESS, startDnsmasq } from '../lab/rack.ts';
import { BOOT_DEADLINE, openScene, type Scene } from '../lab/scene.ts';
import { makeNetbootGrub } from './netboot-grub.ts';
import { chainSite, signedChain } from './signed-chain.ts';
import { filesSent, NAMED, site } from './site.ts';

const menuOf = (firmware: string): string => `name: choice
boot:
  ${firmware}
  menu:
    prompt: Rack 12
    timeout: 3s
    items:
      - title: Install Linux
        kernel: vmlinuz
        initrd: [guest.cpio]
        cmdline: "hostname={{ machine.name }} console=ttyS0"
      - { title: Local disk, local: true }
`;

/** The lines, or where there are none what is drawn; then Linux, of the kernel that only the menu names. */
async function showsAndBoots(scene: Scene, firmware: Firmware, lines: readonly RegExp[]): Promise<void> {
  const machine = scene.powerOn(firmware);
  try {
    if (lines.length === 0) {
      await machine.waitForDialog(/Install Linux/, BOOT_DEADLINE);
      await machine.waitForDialog(/Local disk/, BOOT_DEADLINE);
    }
    for (const line of lines) await machine.waitFor(line, BOOT_DEADLINE);
    const [, commandLine] = await machine.waitFor(/^cmdline: (.*)$/, BOOT_DEADLINE);
    assert.match(String(commandLine), NAMED);
  } finally {
    await machine.stop();
  }
  assert.deepEqual(filesSent(scene, 'tftp').slice(-2), ['vmlinuz', 'guest.cpio']);
}

const PXELINUX = ['/usr/lib/PXELINUX', '/usr/lib/syslinux/modules/bios'];

/** Another server gives the addresses and names the loader, of which we know nothing but what it asks for. */
for (const { loader, file, shows } of [
  {
    loader: 'PXELINUX',
    file: 'lpxelinux.0',
    shows: [/^Rack 12\s*$/, /^1 Install Linux\s*$/, /^2 Local disk\s*$/],
  },
  { loader: 'GRUB', file: 'grub/i386-pc/core.0', shows: [] },
]) {
  test(`${loader} on BIOS, named by another DHCP server, shows the menu and boots its first item`, async () => {
    const grub = makeNetbootGrub();
    const scene = await openScene('full', (setup) => {
      const profile = menuOf('');
      const changed = site({ profile, search: [...PXELINUX, grub.path] })(setup);
      return { ...changed, config: { ...changed.config, dhcp: { mode: 'off' } } };
    });
    try {
      const foreign = await startDnsmasq(scene.rack.host('foreign', `${FOREIGN_ADDRESS}/24`), [
        '--dhcp-range=10.77.0.100,10.77.0.199,1h',
        '--dhcp-authoritative',
        `--dhcp-boot=${file},,${SERVER_ADDRESS}`,
      ]);
      try {
        await showsAndBoots(scene, 'bios', shows);
      } finally {
        await foreign.stop();
      }
    } finally {
      await scene.close();
      grub.remove();
    }
  });
}

test('GRUB on UEFI, as the first stage of the profile, shows the menu and boots its first item', async () => {
  const grub = makeNetbootGrub();
  const profile = menuOf('firmware: { uefi-x64: grub/x86_64-efi/core.efi }');
  const scene = await openScene('full', site({ profile, search: [grub.path] }));
  try {
    await showsAndBoots(scene, 'uefi', []);
  } finally {
    await scene.close();
    grub.remove();
  }
});

test('GRUB behind shim, under Secure Boot, where no iPXE would start', async () => {
  const profile = menuOf('firmware: { uefi-x64: debian/shimx64.efi }');
  const scene = await openScene('full', (setup) => {
    const chain = chainSite(signedChain())(setup);
    return { ...chain, texts: { ...chain.texts, 'profiles/linux.yaml': profile } };
  });
  try {
    await showsAndBoots(scene, 'uefi-secure', []);
  } finally {
    await scene.close();
  }
});
