/** An answer to the probe, read as firmware reads it. */
import { OPTION } from '../dhcp/codes.ts';
import { ByteReader } from '../dhcp/cursor.ts';
import { decodePacket, isMalformed } from '../dhcp/decode.ts';
import { type MessageName, messageType } from '../dhcp/message.ts';
import { BOOTREPLY, type Packet } from '../dhcp/packet.ts';
import { decodePxeOptions, type PxeOptions } from '../dhcp/pxe.ts';
import { isShapeError } from '../dhcp/shapes/shape.ts';
import { decodeSuboptions } from '../dhcp/suboptions.ts';
import { textToNul } from '../dhcp/wiretext.ts';
import { type Ipv4, netmask, parseIpv4, type Subnet, UNSPECIFIED } from '../values/ipv4.ts';
import { formatMac, type Mac } from '../values/mac.ts';

/** A datagram that came while the probe listened. */
export interface Heard {
  readonly bytes: Uint8Array;
  readonly source: Ipv4;
  /** Milliseconds after the first DISCOVER. */
  readonly afterMs: number;
}

export interface Offer {
  readonly packet: Packet;
  readonly type: MessageName | undefined;
  readonly source: Ipv4;
  readonly afterMs: number;
  /** Option 54; a server that leaves it out goes by the address it sent from. */
  readonly server: Ipv4;
  /** yiaddr; undefined in a proxy's offer. */
  readonly address: Ipv4 | undefined;
  /** The network that the address is in, when option 1 tells. */
  readonly subnet: Subnet | undefined;
  /** Seconds. */
  readonly leaseTime: number | undefined;
  readonly routers: readonly Ipv4[];
  readonly dns: readonly Ipv4[];
  /** siaddr. */
  readonly nextServer: Ipv4 | undefined;
  /** Option 66, or sname where that is absent. */
  readonly serverName: string | undefined;
  /** Option 66 or sname, where it is an address. */
  readonly namedServer: Ipv4 | undefined;
  /** Option 67; the header's field where that is absent, as EDK2 and iPXE read it. */
  readonly bootFile: string | undefined;
  readonly vendorClass: string | undefined;
  readonly pxe: PxeOptions | undefined;
  /** Option 175, sub-option 176: iPXE waits for no proxy. */
  readonly noProxy: boolean;
}

/** What a datagram is to a probe: an offer, something else's message, or damaged. */
export type Reading = { readonly offer: Offer } | { readonly foreign: true } | { readonly malformed: string };

/** Reads one datagram. Never throws. `foreign`: it answers another client, or another exchange. */
export function readOffer(heard: Heard, xid: number, mac: Mac): Reading {
  const packet = decodePacket(heard.bytes);
  // A damaged message is told only where it is ours: others have damaged ones too.
  if (isMalformed(packet)) {
    return answers(heard.bytes, xid) ? { malformed: packet.detail } : { foreign: true };
  }
  const ours = packet.op === BOOTREPLY && packet.xid === xid && formatMac(packet.chaddr) === mac;
  return ours ? { offer: offerOf(packet, heard) } : { foreign: true };
}

function answers(bytes: Uint8Array, xid: number): boolean {
  const reader = new ByteReader(bytes);
  const op = reader.u8();
  reader.skip(3);
  return op === BOOTREPLY && reader.u32() === xid && !reader.overrun;
}

function offerOf(packet: Packet, { source, afterMs }: Heard): Offer {
  const { options } = packet;
  const type = messageType(packet);
  const [mask] = addresses(options.get(OPTION.SUBNET_MASK));
  const [server = source] = addresses(options.get(OPTION.SERVER_ID));
  const serverName = firstText(text(options.get(OPTION.TFTP_SERVER_NAME)), packet.sname);
  const vendorOptions = options.get(OPTION.VENDOR_OPTIONS);
  return {
    packet,
    type: type === 'BOOTP' ? undefined : type,
    source,
    afterMs,
    server,
    address: someAddress(packet.yiaddr),
    subnet: packet.yiaddr === UNSPECIFIED ? undefined : subnetOf(packet.yiaddr, mask),
    leaseTime: seconds(options.get(OPTION.LEASE_TIME)),
    routers: addresses(options.get(OPTION.ROUTERS)),
    dns: addresses(options.get(OPTION.DOMAIN_NAME_SERVERS)),
    nextServer: someAddress(packet.siaddr),
    serverName,
    namedServer: serverName === undefined ? undefined : parseIpv4(serverName),
    bootFile: firstText(text(options.get(OPTION.BOOT_FILE)), packet.file),
    vendorClass: text(options.get(OPTION.VENDOR_CLASS)),
    pxe: vendorOptions === undefined ? undefined : decodePxeOptions(vendorOptions),
    noProxy: tellsNoProxy(options.get(OPTION.IPXE)),
  };
}

const someAddress = (address: Ipv4): Ipv4 | undefined => (address === UNSPECIFIED ? undefined : address);

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : textToNul(bytes);

/** The first that says something. */
const firstText = (...texts: readonly (string | undefined)[]): string | undefined =>
  texts.find((each) => each !== undefined && each !== '');

function addresses(bytes: Uint8Array | undefined): readonly Ipv4[] {
  if (bytes === undefined || bytes.length % 4 !== 0) return [];
  const reader = new ByteReader(bytes);
  return Array.from({ length: bytes.length / 4 }, () => reader.u32());
}

function seconds(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 4 ? new ByteReader(bytes).u32() : undefined;
}

const NO_PXEDHCP = 176;

function tellsNoProxy(bytes: Uint8Array | undefined): boolean {
  const found = bytes === undefined ? undefined : decodeSuboptions(bytes);
  return found !== undefined && !isShapeError(found) && found.get(NO_PXEDHCP)?.[0] === 1;
}

/** Undefined for a mask with holes, which is no mask. */
function subnetOf(address: Ipv4, mask: Ipv4 | undefined): Subnet | undefined {
  if (mask === undefined) return undefined;
  const prefix = Math.clz32(~mask);
  return netmask(prefix) === mask ? { network: (address & mask) >>> 0, prefix } : undefined;
}

/** An offer that a PXE client takes for a boot server's (option 60). */
export const isPxeClass = ({ vendorClass }: Offer): boolean => vendorClass?.startsWith('PXEClient') === true;

/** One that UEFI HTTP Boot takes (UEFI 2.10 §24.7.3). */
export const isHttpClass = ({ vendorClass }: Offer): boolean =>
  vendorClass?.startsWith('HTTPClient') === true;
