/**
 * Secure Boot refuses what nobody has signed. Each link of the chain in turn is the very program that boots when it is signed
 * (secure-boot.test.ts), without its signature; where Secure Boot is off, all of them boot without.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Machine } from '../lab/machine.ts';
import { BOOT_DEADLINE, bootToLinux, openScene } from '../lab/scene.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { type Chain, chainSite, signedChain, withoutSignature } from './signed-chain.ts';
import { filesSent, NAMED } from './site.ts';

/** Debian's chain with these links unsigned. */
function unsigned({ path }: Scratch, ...links: readonly (keyof Chain)[]): Chain {
  const signed = signedChain();
  const stripped = links.map((link) => [link, withoutSignature(signed[link], join(path, link))]);
  return { ...signed, ...Object.fromEntries(stripped) };
}

const SHIM = 'debian/shimx64.efi';
const GRUB = 'debian/grubx64.efi';

const REFUSED: readonly {
  readonly link: keyof Chain;
  readonly by: string;
  readonly seen: (machine: Machine) => Promise<unknown>;
  /** All that is fetched: the chain ends at what was refused. */
  readonly sent: readonly string[];
}[] = [
  {
    link: 'shim',
    by: 'firmware',
    seen: (machine) => machine.waitFor(/BdsDxe: failed to load .*PXEv4.*: Access Denied/, BOOT_DEADLINE),
    sent: [SHIM],
  },
  {
    link: 'grub',
    by: 'shim',
    seen: (machine) =>
      machine.waitForDialog(/Verification failed: \(0x1A\) Security Violation/, BOOT_DEADLINE),
    sent: [SHIM, GRUB],
  },
  {
    link: 'kernel',
    by: 'GRUB',
    seen: (machine) => machine.waitFor(/error: bad shim signature/, BOOT_DEADLINE),
    sent: [SHIM, GRUB, 'grub/grub.cfg', 'vmlinuz'],
  },
];

for (const { link, by, seen, sent } of REFUSED) {
  test(`Secure Boot: ${by} refuses ${link} without signature`, async () => {
    const scratch = makeScratch('unsigned');
    const scene = await openScene('full', chainSite(unsigned(scratch, link)));
    try {
      const machine = scene.powerOn('uefi-secure');
      try {
        await seen(machine);
      } finally {
        await machine.stop();
      }
      assert.deepEqual(filesSent(scene, 'tftp'), sent);
    } finally {
      await scene.close();
      scratch.remove();
    }
  });
}

test('without Secure Boot the same files boot Linux', async () => {
  const scratch = makeScratch('unsigned');
  const scene = await openScene('full', chainSite(unsigned(scratch, 'shim', 'grub', 'kernel')));
  try {
    assert.match(await bootToLinux(scene, 'uefi'), NAMED);
  } finally {
    await scene.close();
    scratch.remove();
  }
});
