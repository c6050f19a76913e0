/** What PXELINUX is configured by (`pxelinux.cfg/…`), and U-Boot, which reads the same files in fewer words. */
import { type Arch, isUefi } from './arch.ts';
import type { LoaderBoot, LoaderEntry, LoaderMenu } from './loader-menu.ts';
import { isUrl } from './plan.ts';

/** Who reads it. On UEFI it is syslinux.efi, which starts no boot programs. */
export interface PxelinuxReader {
  readonly uboot: boolean;
  readonly arch: Arch | undefined;
}

/** PXELINUX goes on to the BIOS's next device; U-Boot runs what its `localcmd` says, else goes on in its boot_targets. */
const LOCAL = ['LOCALBOOT 0'];

export const PXELINUX_LOCAL = `# Pilotlight: this machine boots its disk.
DEFAULT local
PROMPT 0
LABEL local
  ${LOCAL.join('\n  ')}
`;

/** Boots one thing without asking. */
export function pxelinuxKernel(
  title: string,
  boot: Extract<LoaderBoot, { kind: 'kernel' }>,
  reader: PxelinuxReader,
): string {
  const lines = [`# Pilotlight: ${title}`, 'DEFAULT linux', 'PROMPT 0', 'LABEL linux'];
  return text([...lines, ...indented(kernelLines(boot, reader))]);
}

/**
 * A prompt with numbers: PXELINUX's menus with arrow keys are modules (menu.c32 and libraries) that may not be there. U-Boot
 * makes such a list by itself. Undefined: no item is for this reader.
 */
export function pxelinuxMenu(menu: LoaderMenu, reader: PxelinuxReader): string | undefined {
  const shown = menu.entries.flatMap(({ title, boot }) => {
    const lines = bootLines(boot, reader);
    return lines === undefined ? [] : [{ title, lines }];
  });
  if (shown.length === 0) return undefined;
  const said = [menu.title, menu.prompt, ...shown.map(({ title }, index) => `${index + 1} ${title}`)];
  const spoken = reader.uboot ? [] : said.filter((line) => line !== '').map((line) => `SAY ${line}`);
  return text([
    `# Pilotlight: ${menu.title}`,
    `MENU TITLE ${menu.title}`,
    ...spoken,
    'DEFAULT 1',
    'PROMPT 1',
    // Tenths of seconds; 0 waits for ever.
    `TIMEOUT ${(menu.timeout ?? 0) * 10}`,
    ...shown.flatMap(({ title, lines }, index) => [
      `LABEL ${index + 1}`,
      ...indented([`MENU LABEL ${title}`, ...lines]),
    ]),
  ]);
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** Undefined: it cannot do that. */
function bootLines(boot: LoaderEntry['boot'], reader: PxelinuxReader): readonly string[] | undefined {
  switch (boot.kind) {
    case 'kernel':
      return kernelLines(boot, reader);
    case 'program':
    case 'ipxe': {
      const { uboot, arch = 'bios' } = reader;
      if (uboot || isUefi(arch)) return undefined;
      const file = boot.kind === 'ipxe' ? boot.file : boot.fileFor(arch);
      // PXE, and not KERNEL, which would go by the ending of the name.
      return file === undefined ? undefined : [`PXE ${fromRoot(file, reader)}`];
    }
    case 'local':
      return LOCAL;
  }
}

function kernelLines(
  { kernel, initrds, cmdline }: Extract<LoaderBoot, { kind: 'kernel' }>,
  reader: PxelinuxReader,
): readonly string[] {
  // U-Boot loads one, and of several lines or names would take the last.
  const loaded = (reader.uboot ? initrds.slice(0, 1) : initrds).map((initrd) => fromRoot(initrd, reader));
  return [
    // LINUX, and not KERNEL, which would go by the ending of the name.
    `LINUX ${fromRoot(kernel, reader)}`,
    ...(loaded.length === 0 ? [] : [`INITRD ${loaded.join(',')}`]),
    ...(cmdline === '' ? [] : [`APPEND ${cmdline}`]),
  ];
}

/** From the TFTP root, whatever directory the loader believes to be in; a URL as it is. */
function fromRoot(path: string, { uboot }: PxelinuxReader): string {
  if (isUrl(path)) return path;
  return `${uboot ? '/' : '::'}${path.replace(/^\/+/, '')}`;
}
