/** A bare machine gets its address from a foreign DHCP server that knows nothing of booting, and Linux from Pilotlight. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, openScene, wasHinted } from '../lab/scene.ts';

for (const firmware of ['bios', 'uefi'] as const) {
  test(`proxy mode: a ${firmware} machine boots Linux beside a foreign DHCP server`, async () => {
    const scene = await openScene('proxy');
    try {
      assert.match(await bootToLinux(scene, firmware), /\bhostname=node1 console=ttyS0$/);
      assert.ok(wasHinted(scene), 'it was told that there is no IPv6 router to wait for');
    } finally {
      await scene.close();
    }
  });
}
