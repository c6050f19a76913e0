/** A BIOS machine whose ROM is iPXE chains undionly.kpxe, which drives the NIC through that ROM, and boots Linux. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, openScene } from '../lab/scene.ts';
import { filesSent, NAMED, site } from './site.ts';

/** Both are iPXE to any server; only the driver that it works with tells one from the other. */
const PROFILE = `name: linux
boot:
  script: |
    #!ipxe
    iseq \${net0/chip} undionly || chain tftp://{{ server.address }}/undionly.kpxe
    kernel {{ server.httpUrl }}/vmlinuz hostname={{ machine.name }} console=ttyS0
    initrd {{ server.httpUrl }}/guest.cpio
    boot
`;

for (const mode of ['full', 'proxy'] as const) {
  test(`${mode} mode: BIOS through undionly.kpxe boots Linux`, async () => {
    const scene = await openScene(mode, site({ profile: PROFILE }));
    try {
      assert.match(await bootToLinux(scene, 'bios'), NAMED);
      assert.deepEqual(filesSent(scene, 'tftp'), ['undionly.kpxe']);
      assert.deepEqual(filesSent(scene, 'http'), ['ipxe', 'ipxe', 'vmlinuz', 'guest.cpio']);
    } finally {
      await scene.close();
    }
  });
}
