/**
 * Client system architectures (option 93, RFC 4578 §2.1, and the IANA "Processor Architecture Types" registry), by
 * the names that profiles use.
 */

export interface ArchRow {
  readonly code: number;
  readonly name: string;
  /** What the machine fetches its boot program with, by the registry. */
  readonly transport: 'tftp' | 'http';
}

const row = <const Name extends string>(code: number, name: Name, transport: 'tftp' | 'http' = 'tftp') => ({
  code,
  name,
  transport,
});

/**
 * 6 is IA32. RFC 4578 gave 7 to "EFI BC" and 9 to x64 and IANA swapped the text later (erratum 4624), so firmware
 * sends 7, 8 or 9 and means x64 in the field: 8 is "Xscale" on paper only (seen from x64 boards, opnsense/core#2223).
 */
export const ARCHES = [
  row(0, 'bios'),
  row(1, 'pc98'),
  row(2, 'uefi-ia64'),
  row(3, 'alpha'),
  row(4, 'arc-x86'),
  row(5, 'intel-lean'),
  row(6, 'uefi-ia32'),
  row(7, 'uefi-x64'),
  row(8, 'uefi-x64'),
  row(9, 'uefi-x64'),
  row(10, 'uefi-arm32'),
  row(11, 'uefi-arm64'),
  row(12, 'ppc-of'),
  row(13, 'ppc-epapr'),
  row(14, 'ppc-opal'),
  row(15, 'uefi-ia32-http', 'http'),
  row(16, 'uefi-x64-http', 'http'),
  row(17, 'uefi-ebc-http', 'http'),
  row(18, 'uefi-arm32-http', 'http'),
  row(19, 'uefi-arm64-http', 'http'),
  row(20, 'bios-http', 'http'),
  row(21, 'uboot-arm32'),
  row(22, 'uboot-arm64'),
  row(23, 'uboot-arm32-http', 'http'),
  row(24, 'uboot-arm64-http', 'http'),
  row(25, 'uefi-riscv32'),
  row(26, 'uefi-riscv32-http', 'http'),
  row(27, 'uefi-riscv64'),
  row(28, 'uefi-riscv64-http', 'http'),
  row(29, 'uefi-riscv128'),
  row(30, 'uefi-riscv128-http', 'http'),
  row(31, 's390-basic'),
  row(32, 's390-extended'),
  row(33, 'uefi-mips32'),
  row(34, 'uefi-mips64'),
  row(35, 'uefi-sunway32'),
  row(36, 'uefi-sunway64'),
  row(37, 'uefi-loongarch32'),
  row(38, 'uefi-loongarch32-http', 'http'),
  row(39, 'uefi-loongarch64'),
  row(40, 'uefi-loongarch64-http', 'http'),
  row(41, 'arm-rpiboot'),
] as const satisfies readonly ArchRow[];

/** The name of an architecture, as profiles write it. */
export type Arch = (typeof ARCHES)[number]['name'];

const BY_CODE: ReadonlyMap<number, Arch> = new Map(ARCHES.map((arch) => [arch.code, arch.name]));
const HTTP: ReadonlySet<string> = new Set(
  ARCHES.filter((arch) => arch.transport === 'http').map((arch) => arch.name),
);

/** Every name once, in the registry's order. */
export const ARCH_NAMES: readonly Arch[] = [...new Set(ARCHES.map((arch) => arch.name))];

/** The registry's number → name; undefined for numbers it does not have. */
export function archOf(code: number): Arch | undefined {
  return BY_CODE.get(code);
}

/** The lowest number that stands for a name (7 for uefi-x64); undefined when there is no such name. */
export function archCode(name: string): number | undefined {
  return ARCHES.find((arch) => arch.name === name)?.code;
}

/** Whether firmware of this kind fetches its boot program by HTTP (UEFI HTTP Boot). */
export function bootsByHttp(arch: Arch): boolean {
  return HTTP.has(arch);
}

/** Whether this is UEFI firmware of any kind, HTTP Boot included. */
export function isUefi(arch: Arch): boolean {
  return arch.startsWith('uefi-');
}
