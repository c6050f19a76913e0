/** A bare machine beside Pilotlight as the only DHCP server boots Linux. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, NODE, openScene, wasHinted } from '../lab/scene.ts';

for (const firmware of ['bios', 'uefi'] as const) {
  test(`full mode: a ${firmware} machine boots Linux under its own name`, async () => {
    const scene = await openScene('full');
    try {
      assert.match(await bootToLinux(scene, firmware), /\bhostname=node1 console=ttyS0$/);
      const replies = scene.server.records.all.filter(
        ({ kind, mac }) => kind === 'decision' && mac === NODE.mac,
      );
      assert.ok(replies.some(({ reply }) => reply === 'ACK'));
      assert.ok(wasHinted(scene), 'it was told that there is no IPv6 router to wait for');
    } finally {
      await scene.close();
    }
  });
}
