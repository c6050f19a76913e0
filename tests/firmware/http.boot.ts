/** UEFI HTTP Boot: the firmware fetches its boot program by URL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, openScene } from '../lab/scene.ts';
import { filesSent, NAMED } from './site.ts';

for (const mode of ['full', 'proxy'] as const) {
  test(`${mode} mode: UEFI HTTP Boot boots Linux`, async () => {
    const scene = await openScene(mode);
    try {
      assert.match(await bootToLinux(scene, 'uefi-http'), NAMED);
      assert.ok(filesSent(scene, 'http').includes('snponly.efi'), 'the firmware took its program by HTTP');
    } finally {
      await scene.close();
    }
  });
}
