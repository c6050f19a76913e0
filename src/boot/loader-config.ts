/** Local boot in the words of the loaders that ask for a configuration file: PXELINUX, U-Boot, GRUB. */

const PXELINUX = /(?:^|\/)pxelinux\.cfg\/[^/]+$/i;
const GRUB = /(?:^|\/)grub\.cfg(?:-[0-9a-f-]+)?$/i;

/**
 * PXELINUX goes on to the next device of the BIOS by LOCALBOOT 0. U-Boot reads the same file and runs its `localcmd`
 * for that word.
 */
const PXELINUX_LOCAL = `# Pilotlight: this machine boots its disk.
DEFAULT local
PROMPT 0
LABEL local
  LOCALBOOT 0
`;

/**
 * On UEFI a loader that ends with success ends in the firmware's menu, and `exit` of GRUB 2.06 has no other way to end:
 * so the disk's own loader is started where there is one, by the name that UEFI has for it. BIOS has no such files, and
 * goes on to its next device.
 */
const GRUB_LOCAL = `# Pilotlight: this machine boots its disk.
set timeout=0
if [ "$grub_platform" = efi ]; then
  insmod part_gpt
  insmod fat
  insmod chain
  for loader in /EFI/BOOT/BOOTX64.EFI /EFI/BOOT/BOOTAA64.EFI /EFI/BOOT/BOOTIA32.EFI; do
    if search --no-floppy --file --set=disk $loader; then
      chainloader ($disk)$loader
      boot
    fi
  done
fi
exit 1
`;

/** The file that sends a loader to the disk, when a loader asks for its configuration by this path. */
export function localLoaderConfig(path: string): string | undefined {
  if (PXELINUX.test(path)) return PXELINUX_LOCAL;
  return GRUB.test(path) ? GRUB_LOCAL : undefined;
}
