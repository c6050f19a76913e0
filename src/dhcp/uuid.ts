/**
 * The machine identifier (option 97, RFC 4578 §2.3): a type byte 0, then 16 bytes of SMBIOS UUID.
 *
 * The first three fields are little-endian on the wire. RFC 4578 does not say so; it points at the EFI
 * specification, whose GUIDs are laid out that way, EDK2 copies the UUID as it lies in SMBIOS memory, and iPXE since
 * 2012 swaps its own before sending. So the swapped form is what `dmidecode` and a hypervisor's configuration show.
 * Older iPXE and gPXE sent the fields big-endian: for those the wire form is the readable one, and nothing in the
 * packet tells.
 */
import { ByteReader } from './cursor.ts';

/** The two texts that 16 bytes may stand for, both lower case with hyphens. */
export interface UuidForms {
  /** The bytes in the order in which they came. */
  readonly wire: string;
  /** The first three fields byte-swapped: as SMBIOS tools print what current firmware sends. */
  readonly swapped: string;
}

const SIZE = 17;
const SMBIOS_TYPE = 0;

/** Option 97 → both forms; undefined for another type or size (some Intel ROMs send it wrong, and must boot still). */
export function uuidForms(bytes: Uint8Array): UuidForms | undefined {
  const reader = new ByteReader(bytes);
  if (bytes.length !== SIZE || reader.u8() !== SMBIOS_TYPE) return undefined;
  const hex = Array.from(reader.rest(), (byte) => byte.toString(16).padStart(2, '0'));
  const fields = [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)];
  const join = (parts: readonly string[][]) => parts.map((part) => part.join('')).join('-');
  return {
    wire: join(fields),
    swapped: join(fields.map((field, index) => (index < 3 ? field.toReversed() : field))),
  };
}

/** Option 97 → the UUID as SMBIOS tools show it, lower case with hyphens; undefined when it is not one. */
export function decodeUuid(bytes: Uint8Array): string | undefined {
  return uuidForms(bytes)?.swapped;
}

/** What boards without a UUID of their own are delivered with, in either byte order. */
const DUMMIES: ReadonlySet<string> = new Set([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '78563412-3412-7856-90ab-cddeefaabbcc',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  // Dell without a service tag: "DELL" and blanks.
  '4c4c4544-0000-2010-8020-80c04f202020',
  '44454c4c-0000-1020-8020-80c04f202020',
  // In the exclusion lists of inventory programs: several vendors' boards.
  '6ab5b300-538d-1014-9fb5-b0684d007b53',
  '00b3b56a-8d53-1410-9fb5-b0684d007b53',
]);

/** Whether a UUID (canonical text) is a placeholder that many machines share: such a one identifies nobody. */
export function isDummyUuid(uuid: string): boolean {
  const text = uuid.toLowerCase();
  return /^([0-9a-f]{2})(?:-?\1){15}$/.test(text) || DUMMIES.has(text);
}

/** Canonical UUID text → option 97 as current firmware sends it; undefined when it is no UUID. */
export function encodeUuid(uuid: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) return undefined;
  const fields = uuid
    .split('-')
    .map((field) => Array.from(field.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)));
  return Uint8Array.from([
    SMBIOS_TYPE,
    ...fields.flatMap((field, index) => (index < 3 ? field.toReversed() : field)),
  ]);
}
