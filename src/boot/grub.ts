/** What GRUB is configured by (`grub.cfg`). */
import type { Arch } from './arch.ts';
import type { LoaderBoot, LoaderMenu } from './loader-menu.ts';

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
const LOCAL = `if [ "$grub_platform" = efi ]; then
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
exit`.split('\n');

export const GRUB_LOCAL = `# Pilotlight: this machine boots its disk.
set timeout=0
${LOCAL.join('\n')}
`;

/** `$grub_cpu-$grub_platform` → whose boot programs it starts, and by which command. */
const PLATFORMS: readonly (readonly [platform: string, arch: Arch, command: string])[] = [
  ['i386-pc', 'bios', 'pxechainloader'],
  ['i386-efi', 'uefi-ia32', 'chainloader'],
  ['x86_64-efi', 'uefi-x64', 'chainloader'],
  ['ia64-efi', 'uefi-ia64', 'chainloader'],
  ['arm-efi', 'uefi-arm32', 'chainloader'],
  ['arm64-efi', 'uefi-arm64', 'chainloader'],
  ['riscv32-efi', 'uefi-riscv32', 'chainloader'],
  ['riscv64-efi', 'uefi-riscv64', 'chainloader'],
  ['loongarch64-efi', 'uefi-loongarch64', 'chainloader'],
];

/**
 * GRUB itself knows best for what it was built, so it chooses: a machine whose loader another DHCP server named has told us
 * nothing. `tftp`: our own `tftp://ADDRESS`.
 */
export function grubMenu(menu: LoaderMenu, tftp: string): string {
  const lines = [
    `# Pilotlight: ${menu.title}`,
    'set default=0',
    `set timeout=${menu.timeout ?? -1}`,
    ...menu.entries.flatMap(({ title, boot }) => entryLines(title, boot, tftp)),
  ];
  return `${lines.join('\n')}\n`;
}

function entryLines(title: string, boot: LoaderBoot, tftp: string): string[] {
  const entry = (lines: readonly string[]): string[] => [
    `menuentry ${quoted(title)} {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ];
  switch (boot.kind) {
    case 'kernel':
      return entry(kernelLines(boot, tftp));
    case 'program':
      return PLATFORMS.flatMap(([platform, arch, command]) => {
        const file = boot.fileFor(arch);
        if (file === undefined) return [];
        return [
          `if [ "$grub_cpu-$grub_platform" = ${platform} ]; then`,
          ...entry([`${command} ${onNetwork(file, tftp)}`]),
          'fi',
        ];
      });
    case 'ipxe':
      return entry([
        'if [ "$grub_platform" = pc ]; then',
        `  pxechainloader ${onNetwork(boot.file, tftp)}`,
        'else',
        '  echo "Pilotlight: iPXE, which this item needs, does not start from GRUB on UEFI."',
        '  sleep 10',
        'fi',
      ]);
    case 'local':
      return entry(LOCAL);
  }
}

function kernelLines(
  { kernel, initrds, cmdline }: Extract<LoaderBoot, { kind: 'kernel' }>,
  tftp: string,
): string[] {
  const loaded = initrds.map((initrd) => onNetwork(initrd, tftp));
  return [
    ['linux', onNetwork(kernel, tftp), ...words(cmdline).map(quoted)].join(' '),
    ...(loaded.length === 0 ? [] : [['initrd', ...loaded].join(' ')]),
  ];
}

/** A path below our TFTP root, or a URL, as GRUB names files: `(tftp,10.0.0.1)/vmlinuz`. */
function onNetwork(path: string, tftp: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : `${tftp}/${path.replace(/^\/+/, '')}`;
  const [, protocol = '', host = '', file = ''] = /^([^:]+):\/\/([^/]*)(.*)$/.exec(url) ?? [];
  return quoted(`(${protocol.toLowerCase()},${host})${file}`);
}

/** The words of a command line. GRUB puts double quotes around one with spaces itself, and a backslash before each in it. */
const words = (cmdline: string): string[] =>
  (cmdline.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));

/** One word of GRUB's shell, as it is. */
function quoted(word: string): string {
  return /^[\w@%+=:,./()-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
