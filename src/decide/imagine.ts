/**
 * A client that is only described — by the flags of `explain`, a profile's `tests:` or the query of /ipxe — as the
 * packet it would send, so that it goes through the very code that real clients go through.
 */
import { archCode, archOf, bootsByHttp } from '../boot/arch.ts';
import { type Arrival, factsOf } from '../boot/facts.ts';
import { featureEntries } from '../boot/ipxe-features.ts';
import { OPTION } from '../dhcp/codes.ts';
import { messageTypeBytes } from '../dhcp/message.ts';
import { BOOTREQUEST, FLAG_BROADCAST, type Packet } from '../dhcp/packet.ts';
import { encodeSuboptions } from '../dhcp/suboptions.ts';
import { encodeUuid } from '../dhcp/uuid.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { type Mac, macOctets } from '../values/mac.ts';
import type { Question } from './decision.ts';

/** What may be said of a client; all of it optional (contract: the flags of `explain`). */
export interface Description {
  readonly mac?: Mac | undefined;
  /** A name of boot/arch.ts, or a number. */
  readonly arch?: string | number | undefined;
  readonly ipxe?: boolean | undefined;
  readonly uuid?: string | undefined;
  readonly vendorClass?: string | undefined;
  readonly userClass?: string | undefined;
  readonly giaddr?: Ipv4 | undefined;
  readonly circuitId?: string | undefined;
  readonly remoteId?: string | undefined;
}

/** Stands for a client whose MAC is not told: locally administered, so it is nobody's. */
const NO_MAC: Mac = '02:00:00:00:00:00';

/** Of any iPXE that is built today. */
const IMAGINED_FEATURES = ['http', 'tftp', 'dns', 'menu', 'bzimage'] as const;

const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 255);

/**
 * The architecture of a description. Nothing said of architecture or vendor class: a BIOS machine's ROM, the most
 * common client there is. A vendor class alone says for itself.
 */
function archNumber({ arch, vendorClass }: Description): number | undefined {
  if (typeof arch === 'number') return arch;
  if (arch !== undefined) return archCode(arch);
  return vendorClass === undefined ? 0 : undefined;
}

/** What firmware of an architecture puts into option 60; OVMF and SeaBIOS with iPXE do. */
function usualVendorClass(code: number): string {
  const name = archOf(code);
  const client = name !== undefined && bootsByHttp(name) ? 'HTTPClient' : 'PXEClient';
  return `${client}:Arch:${String(code).padStart(5, '0')}:UNDI:003016`;
}

function optionsOf(client: Description): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>([[OPTION.MESSAGE_TYPE, messageTypeBytes('DISCOVER')]]);
  const code = archNumber(client);
  const vendorClass = client.vendorClass ?? (code === undefined ? undefined : usualVendorClass(code));
  if (vendorClass !== undefined) options.set(OPTION.VENDOR_CLASS, bytesOf(vendorClass));
  if (code !== undefined) options.set(OPTION.CLIENT_ARCH, u16(code));
  const uuid = client.uuid === undefined ? undefined : encodeUuid(client.uuid);
  if (uuid !== undefined) options.set(OPTION.CLIENT_UUID, uuid);
  const userClass = client.userClass ?? (client.ipxe === true ? 'iPXE' : undefined);
  if (userClass !== undefined) options.set(OPTION.USER_CLASS, bytesOf(userClass));
  if (client.ipxe === true) {
    options.set(OPTION.IPXE, encodeSuboptions(featureEntries(IMAGINED_FEATURES)));
  }
  const relay: [number, Uint8Array][] = [];
  if (client.circuitId !== undefined) relay.push([1, bytesOf(client.circuitId)]);
  if (client.remoteId !== undefined) relay.push([2, bytesOf(client.remoteId)]);
  if (relay.length > 0) options.set(OPTION.RELAY_AGENT, encodeSuboptions(relay));
  return options;
}

/** The DISCOVER that such a client would send. */
export function imaginePacket(client: Description): Packet {
  return {
    op: BOOTREQUEST,
    htype: 1,
    hops: 0,
    xid: 0,
    secs: 0,
    flags: FLAG_BROADCAST,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: client.giaddr ?? 0,
    chaddr: macOctets(client.mac ?? NO_MAC),
    sname: '',
    file: '',
    options: optionsOf(client),
  };
}

/** The same as a question for decide(), heard on a NIC with the given address of ours. */
export function imagine(
  client: Description,
  at: { readonly nic: string; readonly localAddress: Ipv4 },
): Question {
  const packet = imaginePacket(client);
  const arrival: Arrival = { ...at, port: 67, source: 0, sourcePort: 68, destination: 0xffff_ffff };
  return { facts: factsOf(packet, arrival), uuid: packet.options.get(OPTION.CLIENT_UUID) };
}
