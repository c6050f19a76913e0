/** boot.menu on real firmware with nobody at the machine: after the timeout the first item boots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOOT_DEADLINE, bootToLinux, openScene } from '../lab/scene.ts';
import { filesSent, NAMED, site } from './site.ts';

const FOR_FIRMWARE = `name: choice
boot:
  menu:
    timeout: 2s
    items:
      - { title: A program, file: snponly.efi }
      - { title: Another, file: other.efi }
      - { title: Disk, local: true }
`;

for (const mode of ['full', 'proxy'] as const) {
  test(`UEFI shows a menu of programs, ${mode} mode`, async () => {
    const scene = await openScene(mode, site({ profile: FOR_FIRMWARE }));
    try {
      const machine = scene.powerOn('uefi');
      try {
        const { file, port } = await scene.server.records.waitFor(
          'the choice',
          ({ kind, reason }) => kind === 'decision' && reason?.includes('"A program" was chosen') === true,
          { seconds: BOOT_DEADLINE },
        );
        assert.deepEqual([file, port], ['snponly.efi', 4011]);
        await scene.server.records.waitFor(
          'its transfer',
          ({ kind, event, file: sent }) => kind === 'transfer' && event === 'done' && sent === 'snponly.efi',
          { seconds: BOOT_DEADLINE },
        );
      } finally {
        await machine.stop();
      }
    } finally {
      await scene.close();
    }
  });
}

const FOR_IPXE = `name: choice
boot:
  menu:
    prompt: Rack 12
    timeout: 2s
    items:
      - title: Linux
        kernel: vmlinuz
        initrd: [guest.cpio]
        cmdline: "hostname={{ machine.name }} console=ttyS0"
      - { title: Disk, local: true }
`;

test('iPXE shows a menu with a kernel in it, and boots it', async () => {
  const scene = await openScene('full', site({ profile: FOR_IPXE }));
  try {
    assert.match(await bootToLinux(scene, 'bios'), NAMED);
    assert.deepEqual(filesSent(scene, 'http'), ['ipxe', 'ipxe', 'vmlinuz', 'guest.cpio']);
  } finally {
    await scene.close();
  }
});
