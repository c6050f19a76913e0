/** A machine on another link: a relay agent passes its requests on, a router its files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRemoteLink, REMOTE_DHCP } from '../lab/remote-link.ts';
import { bootToLinux, NODE, openScene } from '../lab/scene.ts';
import { NAMED } from './site.ts';

test('a BIOS machine behind a relay agent boots Linux', async () => {
  const scene = await openScene('full', (setup) => ({
    ...setup,
    config: { ...setup.config, dhcp: REMOTE_DHCP },
  }));
  try {
    const tap = await openRemoteLink(scene.rack);
    assert.match(await bootToLinux(scene, 'bios', { tap }), NAMED);
    const acks = scene.server.records.all.filter(({ reply, mac }) => reply === 'ACK' && mac === NODE.mac);
    assert.match(String(acks.at(-1)?.ip), /^10\.78\.0\./);
  } finally {
    await scene.close();
  }
});
