/** The shipped example does what the Razor container did: iPXE gets bootstrap.ipxe, everyone else gets iPXE. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { explain } from '../../src/decide/explain.ts';
import type { Description } from '../../src/decide/imagine.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { loadFor } from '../../src/serve/inventory.ts';

const HOME = resolve(import.meta.dirname, '../..');
const WHERE = { nic: 'eth1', localAddress: 0x0a0b0b01 };

test("Razor's profile, as shipped", async () => {
  const { config } = await loadConfig(undefined, HOME);
  assert.ok(config);
  const shipped = { ...config, profiles: join(HOME, 'profiles'), machines: join(HOME, 'nothing') };
  const { inventory, diagnostics } = await loadFor(shipped, WHERE, 1);
  assert.ok(inventory);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const bootFile = (client: Description) => {
    const world = {
      policy: config.dhcp,
      inventory,
      leases: createLeaseTable([]),
      limits: config.limits,
      serverAddress: undefined,
      httpPort: 8080,
      quirks: [],
      now: 0,
    };
    const { profile, reply } = explain({ mac: '52:54:00:00:00:01', ...client }, WHERE, world);
    assert.equal(profile, 'razor');
    return reply.bootFile;
  };
  assert.equal(bootFile({ arch: 'bios' }), 'undionly.kpxe');
  assert.equal(bootFile({ arch: 'uefi-x64' }), 'snponly.efi');
  assert.equal(bootFile({ arch: 'bios', ipxe: true }), 'bootstrap.ipxe');
  assert.equal(bootFile({ arch: 'bios', userClass: 'iPXE' }), 'bootstrap.ipxe');
  assert.equal(bootFile({ arch: 'uefi-x64', ipxe: true }), 'bootstrap.ipxe');
});
