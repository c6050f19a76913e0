/** What an iPXE was built with: the sub-options of option 175 that it sends (src/include/ipxe/features.h). */
import { decodeSuboptions } from '../dhcp/suboptions.ts';

/** Feature name → sub-option; the names are the file's, without their prefix. */
const FEATURES = {
  pxeext: 0x10,
  iscsi: 0x11,
  aoe: 0x12,
  http: 0x13,
  https: 0x14,
  tftp: 0x15,
  ftp: 0x16,
  dns: 0x17,
  bzimage: 0x18,
  multiboot: 0x19,
  slam: 0x1a,
  srp: 0x1b,
  nbi: 0x20,
  pxe: 0x21,
  elf: 0x22,
  comboot: 0x23,
  efi: 0x24,
  fcoe: 0x25,
  vlan: 0x26,
  menu: 0x27,
  sdi: 0x28,
  nfs: 0x29,
} as const;

export type IpxeFeature = keyof typeof FEATURES;

/** Every name, in the order of their numbers. */
export const IPXE_FEATURES = Object.keys(FEATURES) as readonly IpxeFeature[];

const BY_CODE: ReadonlyMap<number, IpxeFeature> = new Map(
  IPXE_FEATURES.map((name) => [FEATURES[name], name]),
);

const NONE: ReadonlySet<IpxeFeature> = new Set();

/** The features of an option 175; a feature whose value is zero is not there. None when the option is malformed. */
export function readFeatures(bytes: Uint8Array): ReadonlySet<IpxeFeature> {
  const suboptions = decodeSuboptions(bytes);
  if (!(suboptions instanceof Map)) return NONE;
  const features = new Set<IpxeFeature>();
  for (const [code, value] of suboptions) {
    const name = BY_CODE.get(code);
    if (name !== undefined && value.some((byte: number) => byte !== 0)) features.add(name);
  }
  return features;
}

/** The option 175 of an iPXE with these features. */
export function featureEntries(features: Iterable<IpxeFeature>): [number, Uint8Array][] {
  return Array.from(features, (name) => [FEATURES[name], Uint8Array.of(1)]);
}
