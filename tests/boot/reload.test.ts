/** Profiles that change while machines boot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootToLinux, linuxProfile, openScene } from '../lab/scene.ts';
import type { LogRecord } from '../lab/server.ts';

const PROFILE = 'profiles/linux.yaml';

/** `boot:` says two ways at once, on line 3. */
const BROKEN = `name: linux
boot:
  local: true
  kernel: vmlinuz
`;

const isReload = ({ kind }: LogRecord): boolean => kind === 'reload';

test('the next boot follows a changed profile, and a broken edit changes nothing', async () => {
  const scene = await openScene('full');
  const { server } = scene;
  const edited = async (text: string): Promise<LogRecord> => {
    const from = server.records.all.length;
    server.write(PROFILE, text);
    return server.records.waitFor('the edit is noticed', isReload, { seconds: 10, from });
  };
  try {
    assert.doesNotMatch(await bootToLinux(scene, 'bios'), /release=two/);

    assert.equal((await edited(linuxProfile('release=two'))).ok, true);
    assert.match(await bootToLinux(scene, 'bios'), /\brelease=two\b/);

    const refused = await edited(BROKEN);
    assert.equal(refused.ok, false);
    assert.match(String(refused.diagnostics), /linux\.yaml:\d+:\d+: error BOOT_METHOD_CONFLICT /);
    assert.match(await bootToLinux(scene, 'bios'), /\brelease=two\b/);
  } finally {
    await scene.close();
  }
});
