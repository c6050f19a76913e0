/** What a message tells of its client, read once. Every later step looks at facts, never at packets. */
import { OPTION } from '../dhcp/codes.ts';
import { ByteReader } from '../dhcp/cursor.ts';
import { messageType } from '../dhcp/message.ts';
import { FLAG_BROADCAST, type MessageName, type Packet } from '../dhcp/packet.ts';
import { decodeSuboptions } from '../dhcp/suboptions.ts';
import { decodeUserClass } from '../dhcp/userclass.ts';
import { isDummyUuid, type UuidForms, uuidForms } from '../dhcp/uuid.ts';
import { isPrintable, textOf, textToNul } from '../dhcp/wiretext.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac, type Mac } from '../values/mac.ts';
import { type Arch, archOf, bootsByHttp } from './arch.ts';
import { type IpxeFeature, readFeatures } from './ipxe-features.ts';
import { isRaspberryPi } from './raspberry-pi.ts';

/**
 * rom: firmware's own PXE client. ipxe: iPXE, in a ROM or chained. http: UEFI HTTP Boot. uboot: U-Boot's own client.
 * rpi: a Raspberry Pi's ROM or EEPROM. other: anything that is not booting from the network, such as an installed
 * system's DHCP client.
 */
export const STAGES = ['rom', 'ipxe', 'http', 'uboot', 'rpi', 'other'] as const;
export type Stage = (typeof STAGES)[number];

/** Where and how the datagram came in. */
export interface Arrival {
  readonly nic: string;
  /** Our own address on that NIC; 0 when it has none. */
  readonly localAddress: Ipv4;
  /** 67 or 4011. */
  readonly port: number;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
}

/** The relay agent's words about where the client is plugged in (option 82, RFC 3046). */
export interface RelayFacts {
  /** 0 when only option 82 is there. */
  readonly giaddr: Ipv4;
  /** As text when printable, else hex joined by colons. */
  readonly circuitId?: string | undefined;
  readonly remoteId?: string | undefined;
  /** RFC 3527: choose the subnet by this address instead of giaddr. */
  readonly linkSelection?: Ipv4 | undefined;
  /** RFC 5107: call yourself by this address, so that renewals pass the relay too. */
  readonly serverIdOverride?: Ipv4 | undefined;
}

export interface Facts {
  readonly message: MessageName | 'BOOTP';
  readonly mac: Mac;
  /** Option 61 in hex without separators. */
  readonly clientId?: string | undefined;
  readonly hostname?: string | undefined;
  readonly stage: Stage;
  /**
   * Stage ipxe: whether its firmware was given a boot program just before, so that this iPXE is that program. No packet
   * tells; false until somebody who remembers says otherwise.
   */
  readonly chained: boolean;
  /** Of the option 93 list, the first that the registry knows; else from option 60. */
  readonly arch?: Arch | undefined;
  /** The number behind arch, or the first unknown one. */
  readonly archCode?: number | undefined;
  /** Canonical; undefined for the dummies that boards without a serial number send. */
  readonly uuid?: string | undefined;
  /** The same bytes without the swap of the first fields: the readable form when an old iPXE or gPXE sent them. */
  readonly uuidAsSent?: string | undefined;
  readonly vendorClass?: string | undefined;
  /** RFC 3004 strings, or the one raw string that iPXE and dhclient send. */
  readonly userClasses: readonly string[];
  /** What this iPXE was built with; undefined: it does not say (no option 175). */
  readonly ipxeFeatures?: ReadonlySet<IpxeFeature> | undefined;
  readonly relay?: RelayFacts | undefined;
  readonly ciaddr: Ipv4;
  /** Option 50. */
  readonly requestedIp?: Ipv4 | undefined;
  /** Option 54: the server this client chose. */
  readonly serverId?: Ipv4 | undefined;
  /** Whether option 51 is there: the client asks for a lease of some length. */
  readonly asksTime: boolean;
  /** Option 118 (RFC 3011): the subnet that the client wants an address of. */
  readonly subnetSelection?: Ipv4 | undefined;
  readonly broadcast: boolean;
  readonly arrival: Arrival;
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : textToNul(bytes);

function address(bytes: Uint8Array | undefined): Ipv4 | undefined {
  return bytes?.length === 4 ? new ByteReader(bytes).u32() : undefined;
}

/** Bytes that people may read as text, else as colon-joined hex: switches put both into circuit ids. */
function readable(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const asText = textOf(bytes);
  return asText !== '' && isPrintable(asText) ? asText : formatMac(bytes);
}

/** Option 97, unless it is none or a dummy in either byte order. */
function readUuid(bytes: Uint8Array | undefined): UuidForms | undefined {
  const forms = bytes === undefined ? undefined : uuidForms(bytes);
  return forms === undefined || isDummyUuid(forms.swapped) ? undefined : forms;
}

/**
 * What `U-Boot.armv8` is in the registry: the classes of U-Boot's builds (CONFIG_BOOTP_VCI_STRING; older ones write
 * `U-boot`). Boards of before 2016 give 0x100 in option 93, which the registry does not have.
 */
const UBOOT_ARCHES: readonly (readonly [RegExp, number])[] = [
  [/^U-Boot\.(?:armv8|arm64|aarch64)/i, 22],
  [/^U-Boot\.arm/i, 21],
];

/** What PXE clients call themselves: by the standard, and as some vendors' firmware does (dnsmasq's dhcp-pxe-vendor). */
const PXE_CLASSES = ['PXEClient', 'HW-Client'] as const;

/** The class that a PXE client goes by, and wants back; undefined for other clients. */
export function pxeClassOf(vendorClass: string): string | undefined {
  return PXE_CLASSES.find((name) => vendorClass.startsWith(name));
}

/** `PXEClient:Arch:00007:UNDI:003016` → 7: the class identifier of PXE 2.1 (table 2-1), decimal; RFC 4578 does not tell of it. */
function spelledArch(vendorClass: string | undefined): number | undefined {
  if (vendorClass === undefined) return undefined;
  const spelled = /^(?:PXE|HTTP|HW-)Client:Arch:(\d{5})/.exec(vendorClass)?.[1];
  if (spelled !== undefined) return Number(spelled);
  return UBOOT_ARCHES.find(([pattern]) => pattern.test(vendorClass))?.[1];
}

/**
 * Option 93 is a list (RFC 4578 §2.1); the first number that the registry knows wins. Where it has none, option 60 tells
 * the same (peers P14).
 */
function readArch(packet: Packet, vendorClass: string | undefined): number | undefined {
  const list = packet.options.get(OPTION.CLIENT_ARCH);
  const spelled = spelledArch(vendorClass);
  if (list === undefined) return spelled;
  const codes: number[] = [];
  for (const reader = new ByteReader(list); reader.remaining >= 2; ) codes.push(reader.u16());
  if (spelled !== undefined) codes.push(spelled);
  return codes.find((code) => archOf(code) !== undefined) ?? codes[0];
}

const NOTHING: ReadonlyMap<number, Uint8Array> = new Map();

function readRelay(packet: Packet): RelayFacts | undefined {
  const bytes = packet.options.get(OPTION.RELAY_AGENT);
  if (packet.giaddr === 0 && bytes === undefined) return undefined;
  const decoded = bytes === undefined ? undefined : decodeSuboptions(bytes);
  const suboptions = decoded instanceof Map ? decoded : NOTHING;
  return {
    giaddr: packet.giaddr,
    circuitId: readable(suboptions.get(1)),
    remoteId: readable(suboptions.get(2)),
    linkSelection: address(suboptions.get(5)),
    serverIdOverride: address(suboptions.get(11)),
  };
}

/**
 * iPXE shows itself by option 175, or by user class in either form. A user class alone is enough: snponly.efi behind
 * a relay that strips option 175 is still iPXE.
 */
function readStage(packet: Packet, facts: Pick<Facts, 'vendorClass' | 'userClasses' | 'arch'>): Stage {
  const { vendorClass = '', arch } = facts;
  if (packet.options.has(OPTION.IPXE) || facts.userClasses.includes('iPXE')) return 'ipxe';
  if (vendorClass.startsWith('HTTPClient')) return 'http';
  if (/^U-Boot/i.test(vendorClass)) return 'uboot';
  if (pxeClassOf(vendorClass) === undefined) return 'other';
  if (arch === undefined) return 'rom';
  if (arch.startsWith('uboot-')) return 'uboot';
  if (arch === 'arm-rpiboot') return 'rpi';
  return bootsByHttp(arch) ? 'http' : 'rom';
}

const RPI = 41;

/** Reads a client's message (op 1). Never fails: what cannot be understood is left out. */
export function factsOf(packet: Packet, arrival: Arrival): Facts {
  const { options } = packet;
  const vendorClass = text(options.get(OPTION.VENDOR_CLASS));
  const userClassBytes = options.get(OPTION.USER_CLASS);
  const userClasses = userClassBytes === undefined ? [] : decodeUserClass(userClassBytes);
  const mac = formatMac(packet.chaddr);
  const uuid = readUuid(options.get(OPTION.CLIENT_UUID));
  const claimed = readArch(packet, vendorClass);
  const claims = { vendorClass, userClasses, arch: claimed === undefined ? undefined : archOf(claimed) };
  const claimedStage = readStage(packet, claims);
  // A Pi says BIOS, and would be given programs for one.
  const isPi = claimedStage === 'rom' && claims.arch === 'bios' && isRaspberryPi(mac, uuid?.swapped);
  const archCode = isPi ? RPI : claimed;
  const stage = isPi ? 'rpi' : claimedStage;
  const ipxeBytes = options.get(OPTION.IPXE);
  const clientId = options.get(OPTION.CLIENT_ID);
  return {
    message: messageType(packet) ?? 'BOOTP',
    mac,
    clientId: clientId === undefined ? undefined : clientId.toHex(),
    hostname: text(options.get(OPTION.HOST_NAME)),
    stage,
    chained: false,
    arch: archCode === undefined ? undefined : archOf(archCode),
    archCode,
    uuid: uuid?.swapped,
    uuidAsSent: uuid?.wire,
    vendorClass,
    userClasses,
    ipxeFeatures: ipxeBytes === undefined ? undefined : readFeatures(ipxeBytes),
    relay: readRelay(packet),
    ciaddr: packet.ciaddr,
    requestedIp: address(options.get(OPTION.REQUESTED_ADDRESS)),
    serverId: address(options.get(OPTION.SERVER_ID)),
    asksTime: options.has(OPTION.LEASE_TIME),
    subnetSelection: address(options.get(OPTION.SUBNET_SELECTION)),
    broadcast: (packet.flags & FLAG_BROADCAST) !== 0,
    arrival,
  };
}
