/** GRUB as a network boot program: what an operator's own grub-mknetdir makes of Debian's modules. */
import { execFileSync } from 'node:child_process';
import { makeScratch, type Scratch } from '../lab/scratch.ts';

/** The boot programs of makeNetbootGrub, as a profile's boot.file. */
export const GRUB_FILES = '{ bios: grub/i386-pc/core.0, uefi-x64: grub/x86_64-efi/core.efi }';

/** A TFTP root with GRUB's programs and modules for BIOS and UEFI under grub/. */
export function makeNetbootGrub(): Scratch {
  const scratch = makeScratch('grub');
  execFileSync('grub-mknetdir', [`--net-directory=${scratch.path}`, '--subdir=grub'], { stdio: 'pipe' });
  return scratch;
}
