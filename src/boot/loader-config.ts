/** The configuration files that loaders ask for by themselves, where a profile says all that belongs into them. */
import { TemplateError } from '../profiles/model.ts';
import type { ScriptFor } from './plan.ts';
import { templateScope } from './scope.ts';

/** PXELINUX's directory; U-Boot looks in it too, for names such as `default-arm` besides PXELINUX's own. */
const PXELINUX = /(?:^|\/)pxelinux\.cfg\/[^/]+$/i;
const GRUB = /(?:^|\/)grub\.cfg(?:-[0-9a-f-]+)?$/i;

/** PXELINUX goes on to the BIOS's next device; U-Boot runs what its `localcmd` says, else goes on in its boot_targets. */
const PXELINUX_LOCAL = `# Pilotlight: this machine boots its disk.
DEFAULT local
PROMPT 0
LABEL local
  LOCALBOOT 0
`;

/** Where installed systems keep the loader that UEFI starts; the first is the one that every UEFI knows by itself. */
const ON_DISK = [
  'BOOT/BOOTX64.EFI',
  'BOOT/BOOTAA64.EFI',
  'BOOT/BOOTIA32.EFI',
  ...['debian', 'ubuntu', 'redhat', 'fedora', 'centos', 'rocky', 'almalinux'].flatMap((system) => [
    `${system}/shimx64.efi`,
    `${system}/shimaa64.efi`,
  ]),
  'opensuse/shim.efi',
  'sles/shim.efi',
  'Microsoft/Boot/bootmgfw.efi',
].map((name) => `/EFI/${name}`);

/**
 * On UEFI a loader that ends with success ends in the firmware's menu, and GRUB 2.06 has no other way to end, `exit 1`
 * neither (seen on OVMF): so the disk's own loader is started. BIOS has no such files, and goes on to its next device.
 */
const GRUB_LOCAL = `# Pilotlight: this machine boots its disk.
set timeout=0
if [ "$grub_platform" = efi ]; then
  insmod part_gpt
  insmod part_msdos
  insmod fat
  insmod chain
  for loader in ${ON_DISK.join(' ')}; do
    if search --no-floppy --file --set=disk $loader; then
      chainloader ($disk)$loader
      boot
    fi
  done
fi
exit
`;

/**
 * The file that a loader asks for by this path: its way to the disk, for every loader, when the profile says so; and a
 * kernel for U-Boot, which can run neither iPXE nor its scripts. Undefined: no such file.
 */
export function loaderConfig(path: string, who: ScriptFor): { text: string } | { fault: string } | undefined {
  const { boot } = who.profile;
  const forPxelinux = PXELINUX.test(path);
  if (boot.kind === 'local') {
    if (forPxelinux) return { text: PXELINUX_LOCAL };
    return GRUB.test(path) ? { text: GRUB_LOCAL } : undefined;
  }
  if (boot.kind !== 'kernel' || !forPxelinux || who.facts.stage !== 'uboot') return undefined;
  const scope = templateScope(who.facts, who.machine, who.profile, who.server, who.address);
  try {
    const initrds = boot.initrd.map((initrd) => `  INITRD ${fromRoot(initrd.render(scope))}`);
    const cmdline = boot.cmdline?.render(scope).replaceAll(/\s+/g, ' ').trim() ?? '';
    const lines = [
      `# Pilotlight: ${who.profile.name} for ${scope.machine.name}`,
      'DEFAULT linux',
      'PROMPT 0',
      'LABEL linux',
      `  KERNEL ${fromRoot(boot.kernel.render(scope))}`,
      // U-Boot loads one; the last line of a kind would win.
      ...initrds.slice(0, 1),
      ...(cmdline === '' ? [] : [`  APPEND ${cmdline}`]),
    ];
    return { text: `${lines.join('\n')}\n` };
  } catch (error) {
    if (error instanceof TemplateError) return { fault: error.message };
    throw error;
  }
}

/** From the TFTP root, whatever directory the loader believes to be in; a URL as it is. */
function fromRoot(path: string): string {
  const trimmed = path.trim();
  return /^[a-z][a-z0-9+.-]*:/i.test(trimmed) ? trimmed : `/${trimmed.replace(/^\/+/, '')}`;
}
