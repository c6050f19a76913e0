/**
 * What PXE says inside option 43 when option 60 is PXEClient (PXE 2.1, tables 2-1 and 2-2): a boot menu to the client,
 * and the item that it chose back to the server. Numbers are in network order. `pilotlight probe` reads what other servers write.
 */
import { ByteReader, written } from './cursor.ts';
import { isShapeError } from './shapes/shape.ts';
import { decodeSuboptions, encodeSuboptions } from './suboptions.ts';
import { bytesOf, textToNul } from './wiretext.ts';

/** Sub-options of option 43. */
const PXE = { DISCOVERY_CONTROL: 6, BOOT_SERVERS: 8, BOOT_MENU: 9, MENU_PROMPT: 10, BOOT_ITEM: 71 } as const;

/** PXE_DISCOVERY_CONTROL, bit by bit. */
export const DISCOVERY = {
  /** Do not look for a boot server by broadcast. */
  NO_BROADCAST: 1,
  NO_MULTICAST: 2,
  /** Ask the listed boot servers, by unicast. EDK2 asks by unicast only if this is set (PxeBcExtractDiscoverInfo). */
  LISTED_ONLY: 4,
  /** Take the boot file of this very reply: no prompt, no menu, no boot server. */
  SKIP: 8,
} as const;

/** The boot server type that stands for no server: the client goes on to its local disk. */
export const LOCAL_BOOT = 0;

/** Waits for ever: the menu is shown at once (PXE_MENU_PROMPT). */
const NO_TIMEOUT = 255;
/** Seconds. */
export const LONGEST_TIMEOUT = 254;

export interface PxeMenuItem {
  /** The boot server type by which a choice is told: 0 is LOCAL_BOOT, from 0x8000 on they are a vendor's own. */
  readonly type: number;
  /** At most 255 bytes; ROMs show ASCII. */
  readonly title: string;
}

/** A menu whose items all boot from one server. The first item is what boots when nobody chooses. */
export interface PxeMenu {
  /** What is shown while the timeout runs; a key (F8) opens the menu. */
  readonly prompt: string;
  /** Seconds from 0 (the first item at once) to LONGEST_TIMEOUT; undefined: the menu opens and waits. */
  readonly timeout: number | undefined;
  readonly items: readonly PxeMenuItem[];
  /** The boot server, as an IPv4 address. */
  readonly server: number;
}

/** PXE_BOOT_ITEM: which item, and which layer of it; bit 15 of the layer asks for credentials. */
export interface PxeBootItem {
  readonly type: number;
  readonly layer: number;
}

/** The bytes of option 43 that show a menu. More than 255 of them are more than one option holds. */
export function encodePxeMenu(menu: PxeMenu): Uint8Array {
  const { NO_BROADCAST, NO_MULTICAST, LISTED_ONLY } = DISCOVERY;
  const remote = menu.items.filter(({ type }) => type !== LOCAL_BOOT);
  const servers = written(remote.length * 7, (writer) => {
    for (const { type } of remote) {
      writer.u16(type);
      writer.u8(1);
      writer.u32(menu.server);
    }
  });
  const titles = menu.items.map(({ type, title }) => ({ type, bytes: bytesOf(title) }));
  const entries = written(
    titles.reduce((size, { bytes }) => size + 3 + bytes.length, 0),
    (writer) => {
      for (const { type, bytes } of titles) {
        writer.u16(type);
        writer.u8(bytes.length);
        writer.bytes(bytes);
      }
    },
  );
  const prompt = Uint8Array.of(menu.timeout ?? NO_TIMEOUT, ...bytesOf(menu.prompt));
  const control = Uint8Array.of(NO_BROADCAST | NO_MULTICAST | LISTED_ONLY);
  return encodeSuboptions(
    [
      [PXE.DISCOVERY_CONTROL, control],
      ...(remote.length === 0 ? [] : [[PXE.BOOT_SERVERS, servers] as const]),
      [PXE.BOOT_MENU, entries],
      [PXE.MENU_PROMPT, prompt],
    ],
    { end: true },
  );
}

/** What a client reads out of option 43, as far as firmware decides by it. */
export interface PxeOptions {
  /** DISCOVERY.SKIP: the boot file of this very offer is it; nobody else is asked. */
  readonly skipsDiscovery: boolean;
  /** Whether any of the sub-options 6 to 10 is there: by those EDK2 tells a PXE 1.0 offer from BINL. */
  readonly hasDiscovery: boolean;
  readonly servers: readonly PxeBootServers[];
  readonly menu: readonly PxeMenuItem[];
  /** `seconds`: until the first item is taken; undefined: it waits for a key for ever. */
  readonly prompt: { readonly seconds: number | undefined; readonly text: string } | undefined;
}

/** Who has the items of a type. */
export interface PxeBootServers {
  readonly type: number;
  readonly addresses: readonly number[];
}

/** Undefined for bytes that are no sub-options: other vendors write what they like into 43. Never throws. */
export function decodePxeOptions(vendorOptions: Uint8Array): PxeOptions | undefined {
  const found = decodeSuboptions(vendorOptions);
  if (isShapeError(found) || found.size === 0) return undefined;
  const control = found.get(PXE.DISCOVERY_CONTROL)?.[0] ?? 0;
  return {
    skipsDiscovery: (control & DISCOVERY.SKIP) !== 0,
    hasDiscovery: [6, 7, 8, 9, 10].some((code) => found.has(code)),
    servers: readAll(found.get(PXE.BOOT_SERVERS), readServers),
    menu: readAll(found.get(PXE.BOOT_MENU), readItem),
    prompt: readPrompt(found.get(PXE.MENU_PROMPT)),
  };
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

function readServers(reader: ByteReader): PxeBootServers {
  const type = reader.u16();
  const count = reader.u8();
  return { type, addresses: Array.from({ length: count }, () => reader.u32()) };
}

function readItem(reader: ByteReader): PxeMenuItem {
  const type = reader.u16();
  return { type, title: textToNul(reader.take(reader.u8())) };
}

function readPrompt(bytes: Uint8Array | undefined): PxeOptions['prompt'] {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const reader = new ByteReader(bytes);
  const seconds = reader.u8();
  return { seconds: seconds === NO_TIMEOUT ? undefined : seconds, text: textToNul(reader.rest()) };
}

/**
 * Option 43 of a reply that is to be taken as it is. With `item`, of the answer to a boot server request: it is told back, since
 * a client drops an answer for another item (iPXE's dhcp_pxebs_rx does).
 */
export function encodePxeAnswer(answer: {
  readonly skipDiscovery: boolean;
  readonly item?: PxeBootItem | undefined;
}): Uint8Array {
  const { item } = answer;
  const entries: [number, Uint8Array][] = [];
  if (answer.skipDiscovery) entries.push([PXE.DISCOVERY_CONTROL, Uint8Array.of(DISCOVERY.SKIP)]);
  if (item !== undefined) {
    const bytes = written(4, (writer) => {
      writer.u16(item.type);
      writer.u16(item.layer);
    });
    entries.push([PXE.BOOT_ITEM, bytes]);
  }
  return encodeSuboptions(entries, { end: true });
}

/** The item that a client asks a boot server for; undefined when option 43 names none. */
export function decodePxeBootItem(vendorOptions: Uint8Array): PxeBootItem | undefined {
  const suboptions = decodeSuboptions(vendorOptions);
  const bytes = suboptions instanceof Map ? suboptions.get(PXE.BOOT_ITEM) : undefined;
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  const item = { type: reader.u16(), layer: reader.u16() };
  return reader.finished ? item : undefined;
}
