/** Debian's signed boot chain as a site: shim, GRUB and kernel, each checked by the one before. Any of them may be another file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { prepareGuest } from '../lab/guest.ts';
import { packaged } from '../lab/packaged.ts';
import { site } from './site.ts';

const PROFILE = `name: linux
boot:
  file: { uefi-x64: debian/shimx64.efi }
files:
  "grub/grub.cfg": { template: grub.cfg.liquid }
`;

/** Nothing here names the machine: the file is rendered for whoever asks. */
const GRUB_CFG = `echo "GRUB for {{ machine.name }}"
linux /vmlinuz hostname={{ machine.name }} console=ttyS0
initrd /guest.cpio
boot
`;

/** Absolute paths. */
export interface Chain {
  readonly shim: string;
  /** Under the name of the second stage that shim asks for. */
  readonly grub: string;
  readonly kernel: string;
}

/** The chain as Debian signs it. */
export const signedChain = (): Chain => ({
  shim: packaged('shim-signed', 'usr/lib/shim/shimx64.efi.signed'),
  grub: packaged('grub-efi-amd64-signed', 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'),
  kernel: prepareGuest().kernel,
});

export const chainSite = ({ shim, grub, kernel }: Chain): ReturnType<typeof site> =>
  site({
    profile: PROFILE,
    texts: { 'profiles/grub.cfg.liquid': GRUB_CFG },
    copies: {
      'tftpboot/debian/shimx64.efi': shim,
      'tftpboot/debian/grubx64.efi': grub,
      'tftpboot/vmlinuz': kernel,
    },
  });

/** Offsets from the PE signature: the optional header's magic, and its fifth data directory, where the signatures are. */
const PE32_PLUS = { magic: 24, value: 0x20b, certificates: 24 + 112 + 4 * 8 };

/** Writes the same PE32+ program without its signatures, which are the end of its file. */
export function withoutSignature(signed: string, target: string): string {
  const bytes = readFileSync(signed);
  const pe = bytes.readUInt32LE(0x3c);
  const directory = pe + PE32_PLUS.certificates;
  const [at, size] = [bytes.readUInt32LE(directory), bytes.readUInt32LE(directory + 4)];
  if (
    bytes.readUInt16LE(pe + PE32_PLUS.magic) !== PE32_PLUS.value ||
    size === 0 ||
    at + size !== bytes.length
  )
    throw new Error(`${signed} is no PE32+ program that ends in signatures`);
  bytes.fill(0, directory, directory + 8);
  writeFileSync(target, bytes.subarray(0, at));
  return target;
}
