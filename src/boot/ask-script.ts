/** iPXE scripts that only lead on: to a machine's own script, or to a boot program. */
import { httpOrigin, type ServerUrls } from './scope.ts';

/** What iPXE calls itself (`buildarch`, on `platform` efi) → the name that profiles use. */
const EFI_BUILDS = [
  ['x86_64', 'uefi-x64'],
  ['i386', 'uefi-ia32'],
  ['arm64', 'uefi-arm64'],
  ['arm32', 'uefi-arm32'],
  ['riscv64', 'uefi-riscv64'],
  ['loong64', 'uefi-loongarch64'],
] as const;

const GO_ON = [`iseq \${platform} efi && exit 1 || exit`, ''];

/**
 * For an iPXE of which nothing is known but that it asked: it asks again and says who it is. So another DHCP server can
 * send every machine to one URL. `netX` is the NIC that was opened last, which is the one that boots.
 */
export function askScript(server: ServerUrls): string {
  return [
    '#!ipxe',
    'set arch bios',
    ...EFI_BUILDS.map(
      ([build, arch]) => `iseq \${platform} efi && iseq \${buildarch} ${build} && set arch ${arch} ||`,
    ),
    `chain ${httpOrigin(server)}/ipxe?mac=\${netX/mac}&uuid=\${uuid}&arch=\${arch} || goto none`,
    ':none',
    `echo Pilotlight: nothing to boot for \${netX/mac}, going on to the next boot device`,
    'sleep 5',
    ...GO_ON,
  ].join('\n');
}

/** For a machine whose profile names a file instead of making a script. */
export function chainScript(title: string, url: string): string {
  return [
    '#!ipxe',
    `echo Pilotlight: ${title}`,
    `chain ${url} || goto failed`,
    ':failed',
    'echo Pilotlight: this machine could not be booted, see the lines above',
    'sleep 10',
    ...GO_ON,
  ].join('\n');
}
