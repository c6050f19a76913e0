/** PXE's own options inside option 43 (PXE 2.1 §2.2.3), as far as firmware decides by them. */
import { ByteReader } from '../dhcp/cursor.ts';
import { DISCOVERY } from '../dhcp/pxe.ts';
import { isShapeError } from '../dhcp/shapes/shape.ts';
import { decodeSuboptions } from '../dhcp/suboptions.ts';
import { textToNul } from '../dhcp/wiretext.ts';
import type { Ipv4 } from '../values/ipv4.ts';

export interface BootServers {
  readonly type: number;
  readonly addresses: readonly Ipv4[];
}

export interface MenuItem {
  /** 0: boot the disk. */
  readonly type: number;
  readonly text: string;
}

export interface PxeOptions {
  /** Sub-option 6, bit 3: the boot file of this very offer is it; nobody else is asked. */
  readonly skipsDiscovery: boolean;
  /** Whether any of the sub-options 6 to 10 is there: by those EDK2 tells a PXE 1.0 offer from BINL. */
  readonly hasDiscovery: boolean;
  /** Sub-option 8. */
  readonly servers: readonly BootServers[];
  /** Sub-option 9. */
  readonly menu: readonly MenuItem[];
  /** Sub-option 10: seconds until the first item is taken; 255 waits for a key for ever. */
  readonly prompt: { readonly seconds: number; readonly text: string } | undefined;
}

const CONTROL = 6;
const SERVERS = 8;
const MENU = 9;
const PROMPT = 10;
const WAITS_FOR_EVER = 255;

/** Undefined for bytes that are no sub-options: other vendors write what they like into 43. Never throws. */
export function decodePxeOptions(bytes: Uint8Array): PxeOptions | undefined {
  const found = decodeSuboptions(bytes);
  if (isShapeError(found) || found.size === 0) return undefined;
  const control = found.get(CONTROL)?.[0] ?? 0;
  return {
    skipsDiscovery: (control & DISCOVERY.SKIP) !== 0,
    hasDiscovery: [6, 7, 8, 9, 10].some((code) => found.has(code)),
    servers: readAll(found.get(SERVERS), readServers),
    menu: readAll(found.get(MENU), readItem),
    prompt: readPrompt(found.get(PROMPT)),
  };
}

/** Whether somebody has to press a key before this menu goes on. */
export function waitsForKey({ prompt }: PxeOptions): boolean {
  return prompt?.seconds === WAITS_FOR_EVER;
}

function readAll<T>(bytes: Uint8Array | undefined, read: (reader: ByteReader) => T): T[] {
  const reader = new ByteReader(bytes ?? new Uint8Array());
  const items: T[] = [];
  while (reader.remaining > 0) {
    const item = read(reader);
    // What runs past the end was cut off on the way; firmware has no use for half an item either.
    if (reader.overrun) return items;
    items.push(item);
  }
  return items;
}

function readServers(reader: ByteReader): BootServers {
  const type = reader.u16();
  const count = reader.u8();
  return { type, addresses: Array.from({ length: count }, () => reader.u32()) };
}

function readItem(reader: ByteReader): MenuItem {
  const type = reader.u16();
  return { type, text: textToNul(reader.take(reader.u8())) };
}

function readPrompt(bytes: Uint8Array | undefined): PxeOptions['prompt'] {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const reader = new ByteReader(bytes);
  return { seconds: reader.u8(), text: textToNul(reader.rest()) };
}
