/**
 * The configuration files that loaders ask for by themselves, where a profile says all that belongs into them: its way to the
 * disk and its menu, for every loader; and a kernel for U-Boot, which can run neither iPXE nor its scripts.
 */
import { TemplateError } from '../profiles/model.ts';
import { GRUB_LOCAL, grubMenu } from './grub.ts';
import { loaderKernel, loaderMenu, loaderTitle } from './loader-menu.ts';
import type { ScriptFor } from './plan.ts';
import { PXELINUX_LOCAL, pxelinuxKernel, pxelinuxMenu } from './pxelinux.ts';
import { templateScope, tftpOrigin } from './scope.ts';

/** PXELINUX's directory; U-Boot looks in it too, for names such as `default-arm` besides PXELINUX's own. */
const PXELINUX = /(?:^|\/)pxelinux\.cfg\/[^/]+$/i;
const GRUB = /(?:^|\/)grub\.cfg(?:-[0-9a-f-]+)?$/i;

/** The text of the file that a loader asks for by this path. Undefined: no such file. */
export function loaderConfig(path: string, who: ScriptFor): { text: string } | { fault: string } | undefined {
  const loader = PXELINUX.test(path) ? 'pxelinux' : GRUB.test(path) ? 'grub' : undefined;
  if (loader === undefined) return undefined;
  try {
    const text = loader === 'pxelinux' ? forPxelinux(who) : forGrub(who);
    return text === undefined ? undefined : { text };
  } catch (error) {
    if (error instanceof TemplateError) return { fault: error.message };
    throw error;
  }
}

function forPxelinux(who: ScriptFor): string | undefined {
  const { boot } = who.profile;
  const reader = { uboot: who.facts.stage === 'uboot', arch: who.facts.arch };
  if (boot.kind === 'local') return PXELINUX_LOCAL;
  if (boot.kind === 'menu') return pxelinuxMenu(loaderMenu(boot, who), reader);
  if (boot.kind !== 'kernel' || !reader.uboot) return undefined;
  const scope = templateScope(who.facts, who.machine, who.profile, who.server, who.address);
  return pxelinuxKernel(loaderTitle(who, scope), loaderKernel(boot, scope), reader);
}

function forGrub(who: ScriptFor): string | undefined {
  const { boot } = who.profile;
  if (boot.kind === 'local') return GRUB_LOCAL;
  return boot.kind === 'menu' ? grubMenu(loaderMenu(boot, who), tftpOrigin(who.server)) : undefined;
}
