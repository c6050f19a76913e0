/** A Raspberry Pi asks below its serial number first: what all Pis share lies once, at the root. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createContentResolver } from '../../src/content/resolve.ts';
import { pin } from '../../src/net/memory.ts';

const PI = 'dc:a6:32:01:02:03';
const root = mkdtempSync(join(tmpdir(), 'pl-pi-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'd1f0e2a3'));
mkdirSync(join(root, 'overlays'));
for (const file of ['start4.elf', 'config.txt', 'd1f0e2a3/config.txt', 'overlays/vc4.dtbo', 'vmlinuz']) {
  writeFileSync(join(root, file), file);
}

const resolver = createContentResolver({
  roots: [root],
  cacheBytes: 1 << 20,
  pin,
  virtual: (path, { mac }) => (path === 'cmdline.txt' ? { name: path, text: `for ${mac}` } : undefined),
});

const CASES: readonly [path: string, mac: string | undefined, name: string][] = [
  ['d1f0e2a3/start4.elf', PI, 'start4.elf'],
  ['D1F0E2A3/start4.elf', PI, 'start4.elf'],
  ['d1f0e2a3/config.txt', PI, 'd1f0e2a3/config.txt'],
  ['aaaaaaaa/config.txt', PI, 'config.txt'],
  ['d1f0e2a3/overlays/vc4.dtbo', PI, 'overlays/vc4.dtbo'],
  ['d1f0e2a3/cmdline.txt', PI, 'cmdline.txt'],
  ['dc-a6-32-01-02-03/start4.elf', PI, 'start4.elf'],
  ['start4.elf', PI, 'start4.elf'],
  ['d1f0e2a3/start.elf', PI, 'not-found'],
  ['d1f0e2/start4.elf', PI, 'not-found'],
  ['debian/vmlinuz', PI, 'not-found'],
  ['20251101/vmlinuz', '52:54:00:00:00:01', 'not-found'],
  ['d1f0e2a3/start4.elf', undefined, 'not-found'],
];
for (const [path, mac, name] of CASES) {
  test(`${path} for ${mac ?? 'nobody known'}: ${name}`, async () => {
    const found = await resolver.resolve(path, { mac, address: 0x0a000001, serverAddress: 1 });
    assert.equal('failure' in found ? found.failure : found.name, name);
  });
}
