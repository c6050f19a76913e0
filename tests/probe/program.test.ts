/** What a boot file is taken for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { describeProgram, programOf } from '../../src/probe/program.ts';
import { nbp, pe } from './programs.ts';

const linux = (bytes: Uint8Array): Uint8Array => {
  const copy = Buffer.from(bytes);
  copy.write('HdrS', 0x202, 'latin1');
  return copy;
};

const iso = Buffer.alloc(0x9000);
iso.write('CD001', 0x8001, 'latin1');
const disk = Buffer.alloc(512);
disk.writeUInt16LE(0xaa55, 510);
disk.writeUInt8(0xef, 450);

const CASES: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  'an EFI program': [pe(), 'UEFI program for uefi-x64'],
  'a signed one': [pe({ signature: 2000 }), 'UEFI program for uefi-x64, signed'],
  'for 64-bit ARM': [pe({ machine: 0xaa64 }), 'UEFI program for uefi-arm64'],
  'for RISC-V': [pe({ machine: 0x5064 }), 'UEFI program for uefi-riscv64'],
  'for nobody here': [pe({ machine: 0x1234 }), 'UEFI program for machine 0x1234'],
  'a Windows program': [pe({ subsystem: 3 }), 'Windows program for uefi-x64'],
  'a kernel with an EFI stub': [linux(pe()), 'Linux kernel with an EFI stub for uefi-x64'],
  'a kernel without': [linux(nbp()), 'Linux kernel'],
  'a BIOS program': [nbp(), 'BIOS boot program, or data'],
  'a script': [Buffer.from('#!ipxe\necho'), 'iPXE script'],
  'nothing but the first line': [Buffer.from('#!ipxe'), 'iPXE script'],
  'another script': [Buffer.from('#!ipxefoo'), 'BIOS boot program, or data'],
  'a page': [Buffer.from('\n<!DOCTYPE html>'), 'HTML page'],
  'an ELF program': [Buffer.from('\x7fELF'), 'ELF program'],
  'an ISO image': [iso, 'disk image'],
  'a disk with a partition': [disk, 'disk image'],
  'MZ, and nothing behind': [Buffer.from('MZ'), 'BIOS boot program, or data'],
  'an image that is cut': [pe().subarray(0, 150), 'BIOS boot program, or data'],
};

for (const [name, [bytes, expected]] of Object.entries(CASES)) {
  test(name, () => assert.equal(describeProgram(programOf(bytes, 'file')), expected));
}

describe("Debian's programs", () => {
  const of = (path: string): string => describeProgram(programOf(readFileSync(path), path));
  test('snponly.efi', () => assert.equal(of('/usr/lib/ipxe/snponly.efi'), 'UEFI program for uefi-x64, iPXE'));
  test('undionly.kpxe', () => assert.equal(of('/usr/lib/ipxe/undionly.kpxe'), 'BIOS boot program, iPXE'));
});
