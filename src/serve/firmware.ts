/** Whether the first stages that profiles hand out are there: the one thing that a fresh machine usually lacks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Arch } from '../boot/arch.ts';
import { firmwareFor } from '../boot/plan.ts';
import type { Config } from '../config/model.ts';
import type { BootMethod, Inventory } from '../profiles/model.ts';

/** What nearly every rack is made of; a rarer kind is told of when such a machine asks. */
const USUAL: readonly Arch[] = ['bios', 'uefi-x64'];

/** The ways to boot that begin with iPXE. A menu may. */
const CHAINED: ReadonlySet<BootMethod['kind']> = new Set(['kernel', 'script', 'menu']);

/** The names of boot programs that the usual machines would be given and that lie in none of the roots. */
export function missingFirmware(config: Config, inventory: Inventory): readonly string[] {
  const roots = [config.tftp.root, ...config.tftp.search];
  const wanted = new Set<string>();
  for (const profile of inventory.profiles) {
    if (!CHAINED.has(profile.boot.kind)) continue;
    for (const arch of USUAL) {
      const file = firmwareFor(profile, arch);
      if (file !== undefined) wanted.add(file);
    }
  }
  return [...wanted].filter((file) => !roots.some((root) => existsSync(join(root, file))));
}
