/** The quirks that Pilotlight comes with. Each is on in every installation; docs/firmware.md tells what was seen of them. */
import { ARCH_NAMES, type Arch, bootsByHttp, isUefi } from './arch.ts';
import type { Quirk } from './quirks.ts';

/** UEFI's PXE client, whatever the processor. */
const UEFI_PXE: readonly Arch[] = ARCH_NAMES.filter((arch) => isUefi(arch) && !bootsByHttp(arch));

const MINUTE = 60_000;

export const KNOWN_QUIRKS: readonly Quirk[] = [
  {
    name: 'uefi-proxy-without-43',
    match: { stage: ['rom'], arch: UEFI_PXE, mode: 'proxy' },
    adjust: { discovery: 'none' },
    evidence:
      'EDK2 drops the first proxy offer whose option 43 holds sub-options 6 to 10, and asks port 4011 after one without (tianocore/edk2#6944; seen on OVMF)',
  },
  {
    name: 'bios-ipxe-without-bzimage',
    match: { stage: ['ipxe'], arch: ['bios'], chained: false, lacks: ['bzimage'] },
    adjust: { chainIpxe: true, firmware: 'ipxe.pxe' },
    evidence:
      "vendors' iPXE ROMs leave out what boots a Linux kernel (danderson/netboot#17); ours has it, and under a ROM that is iPXE it must drive the NIC itself",
  },
  {
    name: 'virtualbox-ipxe-tftp',
    match: { mac: ['08:00:27:*'], stage: ['ipxe'], chained: false },
    adjust: { tftpUrl: true },
    evidence: 'the iPXE in VirtualBox takes a TFTP file only by its whole URL (danderson/netboot#52)',
  },
  {
    name: 'raspberry-pi-menu',
    match: { stage: ['rpi'] },
    adjust: { piMenu: true },
    evidence:
      'its ROM ignores a reply without the PXE menu "Raspberry Pi Boot" (raspberrypi/documentation#1686, raspberrypi/firmware#1928)',
  },
  {
    name: 'raspberry-pi-uses-the-offer',
    match: { stage: ['rpi'], mode: 'full' },
    adjust: { offerHold: 10 * MINUTE },
    evidence:
      'it uses the address of an OFFER without asking for it, so nobody else may get it (raspberrypi/firmware#1699, raspberrypi/rpi-eeprom#82)',
  },
  {
    name: 'raspberry-pi-3-is-slow-to-listen',
    match: { stage: ['rpi'], mac: ['b8:27:eb:*'] },
    adjust: { replyDelay: 1000 },
    evidence: 'the boot ROM of a Pi 3 loses an answer that comes at once (raspberrypi/firmware#862)',
  },
];
