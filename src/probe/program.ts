/** What a boot file is, by its first bytes. Pure; never throws. */
import type { Arch } from '../boot/arch.ts';
import { textOf } from '../dhcp/wiretext.ts';

export type Program =
  /** A PE image: what UEFI runs. */
  | {
      readonly kind: 'pe';
      /** As archs are named here, without -http; undefined for a machine that no firmware here has. */
      readonly arch: Arch | undefined;
      /** The number in its header. */
      readonly machine: number;
      /** Whether it is an EFI application, boot or runtime driver, by its subsystem. */
      readonly efi: boolean;
      /** Whether it carries a signature, as Secure Boot wants; whose, it does not tell. */
      readonly signed: boolean;
      /** A Linux kernel that is a PE image as well (its EFI stub). */
      readonly linux: boolean;
      readonly ipxe: boolean;
    }
  | { readonly kind: 'script' }
  | { readonly kind: 'linux' }
  | { readonly kind: 'html' }
  | { readonly kind: 'elf' }
  /** An ISO 9660 image, or a disk with a partition table: what UEFI HTTP Boot can boot besides programs. */
  | { readonly kind: 'disk' }
  /** None of these: what a BIOS boot program looks like. */
  | { readonly kind: 'raw'; readonly ipxe: boolean };

/** IMAGE_FILE_MACHINE_… of the PE/COFF specification, UEFI 2.10 §2.1.1. */
const MACHINES: ReadonlyMap<number, Arch> = new Map([
  [0x014c, 'uefi-ia32'],
  [0x0200, 'uefi-ia64'],
  [0x8664, 'uefi-x64'],
  [0x01c0, 'uefi-arm32'],
  [0x01c2, 'uefi-arm32'],
  [0x01c4, 'uefi-arm32'],
  [0xaa64, 'uefi-arm64'],
  [0x5032, 'uefi-riscv32'],
  [0x5064, 'uefi-riscv64'],
  [0x5128, 'uefi-riscv128'],
  [0x6232, 'uefi-loongarch32'],
  [0x6264, 'uefi-loongarch64'],
]);

const PE32_PLUS = 0x20b;
/** Offsets from the PE signature: fields of the COFF header, then of the optional header. */
const PE = { machine: 4, magic: 24, subsystem: 24 + 68 };
/** The fifth data directory, its size: where the signatures are. */
const CERTIFICATES = { pe32: 24 + 96 + 4 * 8 + 4, pe32Plus: 24 + 112 + 4 * 8 + 4 };
/** EFI application, boot service driver, runtime driver, ROM. */
const EFI_SUBSYSTEMS: ReadonlySet<number> = new Set([10, 11, 12, 13]);
const LINUX_MAGIC = { at: 0x202, text: 'HdrS' };
const ISO_MAGIC = { at: 0x8001, text: 'CD001' };
const BOOT_SECTOR = { signature: 510, partitions: 446 };

/** undionly.kpxe is compressed from its first block on: only its name tells what it is. */
const IPXE_NAMES = /(?:undionly|ipxe)[^/]*$|\.k{0,3}pxe$/i;

/** `head` is the beginning of the file; the more of it, the more is seen. */
export function programOf(head: Uint8Array, name: string): Program {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  const has = ({ at, text }: { at: number; text: string }): boolean =>
    bytes.toString('latin1', at, at + text.length) === text;
  const linux = has(LINUX_MAGIC);
  const ipxe = bytes.includes('iPXE');
  if (has({ at: 0, text: 'MZ' })) {
    const image = peOf(bytes);
    if (image !== undefined) return { ...image, linux, ipxe };
  }
  if (isScript(bytes)) return { kind: 'script' };
  if (linux) return { kind: 'linux' };
  if (has({ at: 0, text: '\x7fELF' })) return { kind: 'elf' };
  if (/^\s*<(?:!doctype|html|head|\?xml)/i.test(bytes.toString('latin1', 0, 256))) return { kind: 'html' };
  if (has(ISO_MAGIC) || isPartitioned(bytes)) return { kind: 'disk' };
  return { kind: 'raw', ipxe: ipxe || IPXE_NAMES.test(name) };
}

/** iPXE knows a script by its first line. */
function isScript(bytes: Buffer): boolean {
  return /^#!ipxe\s/.test(`${textOf(bytes.subarray(0, 7))}\n`);
}

/** A sector that could be started from and has a partition: a BIOS boot program has code there. */
function isPartitioned(bytes: Buffer): boolean {
  if (bytes.length < 512 || bytes.readUInt16LE(BOOT_SECTOR.signature) !== 0xaa55) return false;
  const status = bytes.readUInt8(BOOT_SECTOR.partitions);
  const type = bytes.readUInt8(BOOT_SECTOR.partitions + 4);
  return (status === 0 || status === 0x80) && type !== 0;
}

function peOf(bytes: Buffer) {
  if (bytes.length < 64) return undefined;
  const at = bytes.readUInt32LE(0x3c);
  if (at + PE.subsystem + 2 > bytes.length || bytes.toString('latin1', at, at + 4) !== 'PE\0\0')
    return undefined;
  const machine = bytes.readUInt16LE(at + PE.machine);
  const wide = bytes.readUInt16LE(at + PE.magic) === PE32_PLUS;
  const certificates = at + (wide ? CERTIFICATES.pe32Plus : CERTIFICATES.pe32);
  return {
    kind: 'pe',
    arch: MACHINES.get(machine),
    machine,
    efi: EFI_SUBSYSTEMS.has(bytes.readUInt16LE(at + PE.subsystem)),
    signed: certificates + 4 <= bytes.length && bytes.readUInt32LE(certificates) > 0,
  } as const;
}

/** For people: `UEFI program for uefi-x64, signed`. */
export function describeProgram(program: Program): string {
  switch (program.kind) {
    case 'pe': {
      const arch = program.arch ?? `machine 0x${program.machine.toString(16)}`;
      const what = program.linux
        ? 'Linux kernel with an EFI stub'
        : program.efi
          ? 'UEFI program'
          : 'Windows program';
      return `${what} for ${arch}${program.ipxe ? ', iPXE' : ''}${program.signed ? ', signed' : ''}`;
    }
    case 'script':
      return 'iPXE script';
    case 'linux':
      return 'Linux kernel';
    case 'html':
      return 'HTML page';
    case 'elf':
      return 'ELF program';
    case 'disk':
      return 'disk image';
    case 'raw':
      return program.ipxe ? 'BIOS boot program, iPXE' : 'BIOS boot program, or data';
  }
}
