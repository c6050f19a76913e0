/** The kinds of machines that QEMU plays, without KVM so that they behave the same everywhere: emulator, firmware, NIC. */
import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packaged } from './packaged.ts';

/**
 * bios: SeaBIOS with iPXE as the NIC's ROM. uefi: OVMF with its own PXE client. uefi-ipv4: the same, IPv6 switched off,
 * with which it spends a minute after IPv4. uefi-ipv6: PXE over IPv4 switched off, so that it comes first over IPv6. uefi-http: PXE switched off too, so that HTTP Boot comes first. uefi-secure:
 * OVMF with Secure Boot on and Microsoft's keys. uefi-arm64: AAVMF's PXE client.
 */
export type Firmware =
  | 'bios'
  | 'uefi'
  | 'uefi-ipv4'
  | 'uefi-ipv6'
  | 'uefi-http'
  | 'uefi-secure'
  | 'uefi-arm64';

export interface Platform {
  readonly emulator: string;
  readonly arguments: readonly string[];
}

/** Where a machine keeps what it may write, and the address of its NIC, whose netdev is called n0. */
export interface PlatformOptions {
  /** A directory of its own. */
  readonly scratch: string;
  readonly mac: string;
}

const OVMF = '/usr/share/OVMF';

/** Flash: the firmware's code, read-only, and its variables. */
const flash = (code: string, variables: string): string[] => [
  ...['-drive', `if=pflash,format=raw,readonly=on,file=${code}`],
  ...['-drive', `if=pflash,format=raw,file=${variables}`],
];

/** An empty romfile leaves the NIC without iPXE: the firmware's own PXE client boots. */
const uefiNic = (mac: string): string[] => [
  ...['-vga', 'none', '-device', 'virtio-rng-pci'],
  ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},romfile=,bootindex=1`],
];

/** Variables of the machine's own, since firmware writes its boot entries there. */
function ownVariables(scratch: string, template: string): string {
  const variables = join(scratch, 'vars.fd');
  copyFileSync(template, variables);
  return variables;
}

function ovmf({ scratch, mac }: PlatformOptions, ...more: readonly string[]): Platform {
  const variables = ownVariables(scratch, `${OVMF}/OVMF_VARS_4M.fd`);
  return {
    emulator: 'qemu-system-x86_64',
    arguments: ['-machine', 'q35', ...flash(`${OVMF}/OVMF_CODE_4M.fd`, variables), ...uefiNic(mac), ...more],
  };
}

/** Settings that this firmware reads from the emulator instead of from its menu. */
const ovmfSetting = (name: string, value: string): string[] => [
  '-fw_cfg',
  `name=opt/org.tianocore/${name},string=${value}`,
];

/** The size of the `virt` machine's flash banks: the firmware is smaller, and QEMU takes no other. */
const ARM_FLASH_BYTES = 64 << 20;

const PLATFORMS: Readonly<Record<Firmware, (options: PlatformOptions) => Platform>> = {
  bios: ({ mac }) => ({
    emulator: 'qemu-system-x86_64',
    arguments: [
      // Without graphics SeaBIOS and its successors write their text to the serial port.
      ...['-machine', 'pc,graphics=off', '-vga', 'none'],
      ...['-device', `e1000,netdev=n0,mac=${mac},bootindex=1`],
    ],
  }),
  uefi: (options) => ovmf(options),
  'uefi-ipv4': (options) => ovmf(options, ...ovmfSetting('IPv6Support', 'n')),
  'uefi-ipv6': (options) => ovmf(options, ...ovmfSetting('IPv4PXESupport', 'n')),
  'uefi-http': (options) =>
    ovmf(
      options,
      ...ovmfSetting('IPv4PXESupport', 'n'),
      ...ovmfSetting('IPv6PXESupport', 'n'),
      ...ovmfSetting('IPv6Support', 'n'),
    ),
  'uefi-secure': ({ scratch, mac }) => ({
    emulator: 'qemu-system-x86_64',
    arguments: [
      // Only code in system management mode may write the flash: else Secure Boot's own variables would be anybody's.
      ...['-machine', 'q35,smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'],
      ...['-global', 'ICH9-LPC.disable_s3=1'],
      ...flash(`${OVMF}/OVMF_CODE_4M.secboot.fd`, ownVariables(scratch, `${OVMF}/OVMF_VARS_4M.ms.fd`)),
      ...uefiNic(mac),
    ],
  }),
  'uefi-arm64': ({ scratch, mac }) => {
    const code = join(scratch, 'code.fd');
    copyFileSync(packaged('qemu-efi-aarch64', 'usr/share/qemu-efi-aarch64/QEMU_EFI.fd'), code);
    truncateSync(code, ARM_FLASH_BYTES);
    const variables = join(scratch, 'vars.fd');
    writeFileSync(variables, '');
    truncateSync(variables, ARM_FLASH_BYTES);
    return {
      emulator: 'qemu-system-aarch64',
      arguments: ['-machine', 'virt', '-cpu', 'cortex-a57', ...flash(code, variables), ...uefiNic(mac)],
    };
  },
};

/** What QEMU is to be told for this kind of machine, its files prepared. Throws when a file is not installed. */
export function platformOf(firmware: Firmware, options: PlatformOptions): Platform {
  return PLATFORMS[firmware](options);
}
