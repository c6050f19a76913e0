/** What a loader that reads a configuration of ours is to show or boot, before it is put into that loader's words. */
import type { BootMethod, MenuItem, TemplateScope } from '../profiles/model.ts';
import type { Arch } from './arch.ts';
import { fileFor, type ScriptFor } from './plan.ts';
import { templateScope } from './scope.ts';

/** Paths are below the TFTP root, or URLs. */
export type LoaderBoot =
  | {
      readonly kind: 'kernel';
      readonly kernel: string;
      readonly initrds: readonly string[];
      /** One line. */
      readonly cmdline: string;
    }
  /** A boot program; undefined: it has none for that architecture. */
  | { readonly kind: 'program'; readonly fileFor: (arch: Arch) => string | undefined }
  /** By way of an iPXE, which is a BIOS program. */
  | { readonly kind: 'ipxe'; readonly file: string }
  | { readonly kind: 'local' };

export interface LoaderEntry {
  /** Printable ASCII. */
  readonly title: string;
  readonly boot: LoaderBoot;
}

/** The first entry boots when nobody chooses. */
export interface LoaderMenu {
  readonly title: string;
  /** May be empty. */
  readonly prompt: string;
  /** Seconds; undefined: it waits for ever. */
  readonly timeout: number | undefined;
  readonly entries: readonly LoaderEntry[];
}

/** `debian-installer for node1` */
export function loaderTitle({ profile }: ScriptFor, { machine }: TemplateScope): string {
  return `${profile.name} for ${machine.name}`;
}

/** A kernel with its templates rendered. Throws TemplateError. */
export function loaderKernel(
  boot: Extract<BootMethod, { kind: 'kernel' }>,
  scope: TemplateScope,
): Extract<LoaderBoot, { kind: 'kernel' }> {
  return {
    kind: 'kernel',
    kernel: boot.kernel.render(scope).trim(),
    initrds: boot.initrd.map((initrd) => initrd.render(scope).trim()),
    cmdline: boot.cmdline?.render(scope).replaceAll(/\s+/g, ' ').trim() ?? '',
  };
}

/** The built-in one: boot.firmware may well name the loader that asks. */
const IPXE = 'undionly.kpxe';

/**
 * An item with an iPXE script is led to by iPXE, which shows the menu once more, since a boot program cannot be told which item
 * it is for. On BIOS only: GRUB on UEFI keeps the NIC to itself, and no iPXE that it starts comes to have one (snponly.efi and
 * ipxe.efi 1.0.0, seen on OVMF).
 */
function loaderBoot(boot: MenuItem['boot'], scope: TemplateScope): LoaderBoot {
  switch (boot.kind) {
    case 'kernel':
      return loaderKernel(boot, scope);
    case 'file':
      return { kind: 'program', fileFor: (arch) => fileFor(boot, { arch }) };
    case 'script':
      return { kind: 'ipxe', file: IPXE };
    case 'local':
      return { kind: 'local' };
  }
}

/** A profile's menu for one machine. Throws TemplateError. */
export function loaderMenu({ menu }: Extract<BootMethod, { kind: 'menu' }>, who: ScriptFor): LoaderMenu {
  const scope = templateScope(who.facts, who.machine, who.profile, who.server, who.address);
  return {
    title: loaderTitle(who, scope),
    prompt: menu.prompt,
    timeout: menu.timeout,
    entries: menu.items.map(({ title, boot }) => ({ title, boot: loaderBoot(boot, scope) })),
  };
}
