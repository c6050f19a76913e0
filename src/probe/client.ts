/** The clients that a probe plays, and the messages that they send: as their firmware was seen to on the wire. */
import { type Arch, archCode, archOf, bootsByHttp, isUefi } from '../boot/arch.ts';
import { OPTION } from '../dhcp/codes.ts';
import { concatBytes } from '../dhcp/cursor.ts';
import { messageTypeBytes } from '../dhcp/message.ts';
import { BOOTREQUEST, FLAG_BROADCAST, type MessageName, type Packet } from '../dhcp/packet.ts';
import { encodeSuboptions } from '../dhcp/suboptions.ts';
import { encodeUuid } from '../dhcp/uuid.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { type Mac, macOctets } from '../values/mac.ts';

/** bios: a ROM's PXE client. uefi: firmware's. http: UEFI HTTP Boot. ipxe: iPXE, in a ROM or chained. */
export const CLIENT_KINDS = ['bios', 'uefi', 'http', 'ipxe'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export interface Client {
  readonly kind: ClientKind;
  readonly arch: Arch;
  /** What it puts into option 93. */
  readonly archCode: number;
  readonly mac: Mac;
  /** Canonical. Default: all zero, a machine without one. */
  readonly uuid?: string | undefined;
}

const DEFAULT_ARCH: Readonly<Record<ClientKind, Arch>> = {
  bios: 'bios',
  uefi: 'uefi-x64',
  http: 'uefi-x64-http',
  ipxe: 'bios',
};

/**
 * The client of a kind, and of an architecture by name or number. What is wrong is told in a sentence: HTTP Boot is
 * UEFI, for instance. `uefi-x64` means `uefi-x64-http` to HTTP Boot.
 */
export function clientOf(
  kind: ClientKind,
  wanted: string | number | undefined,
  identity: Pick<Client, 'mac' | 'uuid'>,
): Client | { readonly fault: string } {
  const asked = wanted ?? DEFAULT_ARCH[kind];
  const code = typeof asked === 'number' ? asked : codeFor(kind, asked);
  const arch = archOf(code);
  if (arch === undefined) return { fault: `no architecture has the number ${code}` };
  const fits = {
    bios: arch === 'bios',
    uefi: isUefi(arch) && !bootsByHttp(arch),
    http: bootsByHttp(arch),
    ipxe: !bootsByHttp(arch),
  }[kind];
  return fits
    ? { kind, arch, archCode: code, ...identity }
    : { fault: `${arch} is no architecture of ${kind}` };
}

function codeFor(kind: ClientKind, name: string): number {
  return (kind === 'http' ? archCode(`${name}-http`) : undefined) ?? archCode(name) ?? 0;
}

/** What each asks for (option 55), in its own order. */
const ASKED: Readonly<Record<ClientKind, readonly number[]>> = {
  // Intel's Boot Agent and its descendants on NICs.
  bios: [
    1, 2, 3, 4, 5, 6, 11, 12, 13, 15, 16, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67,
    128, 129, 130, 131, 132, 133, 134, 135,
  ],
  // OVMF, tests/golden.
  uefi: [
    1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128,
    129, 130, 131, 132, 133, 134, 135,
  ],
  http: [1, 2, 3, 6, 12, 15, 43, 60, 66, 67, 97],
  // iPXE 1.0.0, tests/golden.
  ipxe: [1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203],
};

/** The features of Debian's iPXE: 175's sub-options in its order. What tells BIOS from UEFI comes first. */
const FEATURES: readonly (readonly [number, number])[] = [
  [23, 1],
  [19, 1],
  [17, 1],
  [39, 1],
  [41, 1],
  [21, 1],
  [18, 1],
];
const BIOS_FEATURES: readonly (readonly [number, number])[] = [
  [16, 2],
  [33, 1],
  [34, 1],
  [25, 1],
  [24, 1],
];
const UEFI_FEATURES: readonly (readonly [number, number])[] = [[36, 1]];
/** Sub-option 235, iPXE's version: 1.0.0. */
const IPXE_VERSION: readonly [number, Uint8Array] = [235, Uint8Array.of(1, 0, 0)];

/** Bytes of IP packet that they say they take (option 57). */
const MAX_SIZE: Readonly<Record<ClientKind, number>> = { bios: 1260, uefi: 1472, http: 1472, ipxe: 1472 };
const NO_UUID = '00000000-0000-0000-0000-000000000000';
const ETHERNET = 1;

/** UNDI's version by option 94, and how option 60 writes it. */
function undi({ kind, arch }: Client): readonly [major: number, minor: number] {
  if (!isUefi(arch)) return [2, 1];
  return kind === 'ipxe' ? [3, 10] : [3, 0];
}

/** Option 60: what firmware of this kind calls itself. */
export function vendorClass(client: Client): string {
  const [major, minor] = undi(client);
  const digits = (value: number, length: number): string => String(value).padStart(length, '0');
  const name = client.kind === 'http' ? 'HTTPClient' : 'PXEClient';
  return `${name}:Arch:${digits(client.archCode, 5)}:UNDI:${digits(major, 3)}${digits(minor, 3)}`;
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 255);

function options(client: Client, type: MessageName): Map<number, Uint8Array> {
  const [major, minor] = undi(client);
  const list = new Map<number, Uint8Array>([
    [OPTION.MESSAGE_TYPE, messageTypeBytes(type)],
    [OPTION.PARAMETER_LIST, Uint8Array.from(ASKED[client.kind])],
    [OPTION.MAX_SIZE, u16(MAX_SIZE[client.kind])],
    [OPTION.CLIENT_UUID, encodeUuid(client.uuid ?? NO_UUID) ?? new Uint8Array()],
    [OPTION.CLIENT_ARCH, u16(client.archCode)],
    [OPTION.CLIENT_NDI, Uint8Array.of(1, major, minor)],
    [OPTION.VENDOR_CLASS, bytesOf(vendorClass(client))],
  ]);
  if (client.kind !== 'ipxe') return list;
  const features = [...(isUefi(client.arch) ? UEFI_FEATURES : BIOS_FEATURES), ...FEATURES];
  // iPXE sends its name bare, without the length byte of RFC 3004.
  list.set(OPTION.USER_CLASS, bytesOf('iPXE'));
  list.set(
    OPTION.IPXE,
    encodeSuboptions([
      IPXE_VERSION,
      ...features.map(([code, value]) => [code, Uint8Array.of(value)] as const),
    ]),
  );
  list.set(OPTION.CLIENT_ID, concatBytes([Uint8Array.of(ETHERNET), macOctets(client.mac)]));
  return list;
}

/** What tells one message of a client from another. */
export interface Occasion {
  readonly xid: number;
  /** Seconds since the client began. iPXE has spent four by its first DISCOVER. */
  readonly secs: number;
}

function message(
  client: Client,
  { xid, secs }: Occasion,
  ciaddr: Ipv4,
  list: ReadonlyMap<number, Uint8Array>,
): Packet {
  return {
    op: BOOTREQUEST,
    htype: ETHERNET,
    hops: 0,
    xid,
    secs: client.kind === 'ipxe' ? secs + 4 : secs,
    // Not all firmware asks for broadcasts. A probe must: its MAC is that of no NIC, so that unicast would not arrive.
    flags: FLAG_BROADCAST,
    ciaddr,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: macOctets(client.mac),
    sname: '',
    file: '',
    options: list,
  };
}

/** The DISCOVER with which it begins. */
export function discover(client: Client, occasion: Occasion): Packet {
  return message(client, occasion, 0, options(client, 'DISCOVER'));
}

/** Which boot server is asked, where a menu or discovery chose one. */
const PXE_BOOT_ITEM = 71;

/**
 * The request to port 4011 (PXE 2.1 §2.4.2, and BINL). It asks for no lease: that port gives none. ciaddr is our own
 * address, since that is where servers answer to. `item` is the boot server type of a menu's choice.
 */
export function bootServerRequest(
  client: Client,
  occasion: Occasion,
  ciaddr: Ipv4,
  item: number | undefined,
): Packet {
  const list = options(client, 'REQUEST');
  if (item !== undefined) {
    const chosen = concatBytes([u16(item), u16(0)]);
    list.set(OPTION.VENDOR_OPTIONS, encodeSuboptions([[PXE_BOOT_ITEM, chosen]], { end: true }));
  }
  return message(client, occasion, ciaddr, list);
}
