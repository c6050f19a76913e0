/** What a message tells of its client, read once. Every later step looks at facts, never at packets. */
import { OPTION } from '../dhcp/codes.ts';
import { messageType } from '../dhcp/message.ts';
import { FLAG_BROADCAST, type MessageName, type Packet } from '../dhcp/packet.ts';
import { decodeSuboptions } from '../dhcp/suboptions.ts';
import { decodeUserClass } from '../dhcp/userclass.ts';
import { decodeUuid, isDummyUuid } from '../dhcp/uuid.ts';
import { isPrintable, textOf, textToNul } from '../dhcp/wiretext.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac, type Mac } from '../values/mac.ts';
import { type Arch, archOf, bootsByHttp } from './arch.ts';

/**
 * rom: firmware's own PXE client. ipxe: iPXE, in a ROM or chained. http: UEFI HTTP Boot. other: anything that is not
 * booting from the network, such as an installed system's DHCP client.
 */
export type Stage = 'rom' | 'ipxe' | 'http' | 'other';

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
  /** Of the option 93 list, the first that the registry knows; else from option 60. */
  readonly arch?: Arch | undefined;
  /** The number behind arch, or the first unknown one. */
  readonly archCode?: number | undefined;
  /** Canonical; undefined for the dummies that boards without a serial number send. */
  readonly uuid?: string | undefined;
  readonly vendorClass?: string | undefined;
  /** RFC 3004 strings, or the one raw string that iPXE and dhclient send. */
  readonly userClasses: readonly string[];
  /** Sub-options of option 175 with a non-zero value: what this iPXE was built with (its features.h). */
  readonly ipxeFeatures?: ReadonlySet<number> | undefined;
  readonly relay?: RelayFacts | undefined;
  readonly ciaddr: Ipv4;
  /** Option 50. */
  readonly requestedIp?: Ipv4 | undefined;
  /** Option 54: the server this client chose. */
  readonly serverId?: Ipv4 | undefined;
  /** Option 118 (RFC 3011): the subnet that the client wants an address of. */
  readonly subnetSelection?: Ipv4 | undefined;
  readonly broadcast: boolean;
  readonly arrival: Arrival;
}

/** iPXE's feature numbers that a decision looks at (src/include/ipxe/features.h). */
export const IPXE_FEATURE = { http: 0x13 } as const;

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : textToNul(bytes);

function address(bytes: Uint8Array | undefined): Ipv4 | undefined {
  if (bytes?.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** Bytes that people may read as text, else as colon-joined hex: switches put both into circuit ids. */
function readable(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const asText = textOf(bytes);
  return asText !== '' && isPrintable(asText) ? asText : formatMac(bytes);
}

/**
 * Option 93 is a list (RFC 4578 §2.1); the first number that the registry knows wins. Without it option 60 of the
 * form `PXEClient:Arch:00007:UNDI:003016` tells the same (peers P14).
 */
function readArch(
  packet: Packet,
  vendorClass: string | undefined,
): { arch?: Arch | undefined; archCode?: number | undefined } {
  const codes: number[] = [];
  const list = packet.options.get(OPTION.CLIENT_ARCH);
  if (list !== undefined) {
    for (let at = 0; at + 1 < list.length; at += 2) codes.push(((list[at] ?? 0) << 8) | (list[at + 1] ?? 0));
  } else if (vendorClass !== undefined) {
    const spelled = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendorClass)?.[1];
    if (spelled !== undefined) codes.push(Number(spelled));
  }
  const known = codes.find((code) => archOf(code) !== undefined);
  const archCode = known ?? codes[0];
  return archCode === undefined ? {} : { archCode, arch: archOf(archCode) };
}

function readFeatures(bytes: Uint8Array | undefined): ReadonlySet<number> | undefined {
  if (bytes === undefined) return undefined;
  const suboptions = decodeSuboptions(bytes);
  const features = new Set<number>();
  if (!(suboptions instanceof Map)) return features;
  for (const [code, value] of suboptions) if (value.some((byte: number) => byte !== 0)) features.add(code);
  return features;
}

function readRelay(packet: Packet): RelayFacts | undefined {
  const bytes = packet.options.get(OPTION.RELAY_AGENT);
  if (packet.giaddr === 0 && bytes === undefined) return undefined;
  const decoded = bytes === undefined ? undefined : decodeSuboptions(bytes);
  const suboptions = decoded instanceof Map ? decoded : new Map<number, Uint8Array>();
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
  if (packet.options.has(OPTION.IPXE) || facts.userClasses.includes('iPXE')) return 'ipxe';
  if (facts.vendorClass?.startsWith('HTTPClient') === true) return 'http';
  if (facts.vendorClass?.startsWith('PXEClient') === true) {
    return facts.arch !== undefined && bootsByHttp(facts.arch) ? 'http' : 'rom';
  }
  return 'other';
}

/** Reads a client's message (op 1). Never fails: what cannot be understood is left out. */
export function factsOf(packet: Packet, arrival: Arrival): Facts {
  const { options } = packet;
  const vendorClass = text(options.get(OPTION.VENDOR_CLASS));
  const userClassBytes = options.get(OPTION.USER_CLASS);
  const userClasses = userClassBytes === undefined ? [] : decodeUserClass(userClassBytes);
  const { arch, archCode } = readArch(packet, vendorClass);
  const uuidBytes = options.get(OPTION.CLIENT_UUID);
  const uuid = uuidBytes === undefined ? undefined : decodeUuid(uuidBytes);
  const clientId = options.get(OPTION.CLIENT_ID);
  return {
    message: messageType(packet) ?? 'BOOTP',
    mac: formatMac(packet.chaddr),
    clientId: clientId === undefined ? undefined : clientId.toHex(),
    hostname: text(options.get(OPTION.HOST_NAME)),
    stage: readStage(packet, { vendorClass, userClasses, arch }),
    arch,
    archCode,
    uuid: uuid === undefined || isDummyUuid(uuid) ? undefined : uuid,
    vendorClass,
    userClasses,
    ipxeFeatures: readFeatures(options.get(OPTION.IPXE)),
    relay: readRelay(packet),
    ciaddr: packet.ciaddr,
    requestedIp: address(options.get(OPTION.REQUESTED_ADDRESS)),
    serverId: address(options.get(OPTION.SERVER_ID)),
    subnetSelection: address(options.get(OPTION.SUBNET_SELECTION)),
    broadcast: (packet.flags & FLAG_BROADCAST) !== 0,
    arrival,
  };
}
