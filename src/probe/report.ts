/** What a probe found out, as data: what `--json` prints. Addresses and times are text for whoever reads it. */
import type { Arch } from '../boot/arch.ts';
import { formatOption, optionByCode } from '../dhcp/options.ts';
import { visible } from '../dhcp/wiretext.ts';
import { formatIpv4, formatSubnet } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { ClientKind } from './client.ts';
import type { Fetched } from './fetched.ts';
import type { Finding } from './findings.ts';
import type { Offer } from './offer.ts';
import type { Place } from './place.ts';

export interface Report {
  /** Whether the chain holds: no finding is an error. */
  readonly ok: boolean;
  readonly interface: string;
  readonly as: ClientKind;
  readonly arch: Arch;
  readonly mac: Mac;
  readonly vendorClass: string;
  /** In order of arrival. */
  readonly offers: readonly OfferReport[];
  /** What such a machine does with them, step by step. */
  readonly steps: readonly string[];
  /** What port 4011 answered; null when nobody was asked, or answered. */
  readonly port4011: OfferReport | null;
  /** What was fetched, or looked at, in order. */
  readonly files: readonly FileReport[];
  readonly findings: readonly Finding[];
}

export interface OfferReport {
  /** dhcp: gives an address. proxy: only says what to boot. */
  readonly role: 'dhcp' | 'proxy';
  readonly server: string;
  /** Where it came from: the server, or its relay. */
  readonly source: string;
  readonly afterMs: number;
  readonly address: string | null;
  readonly subnet: string | null;
  readonly leaseSeconds: number | null;
  readonly routers: readonly string[];
  readonly dns: readonly string[];
  readonly nextServer: string | null;
  readonly serverName: string | null;
  /** What firmware reads: option 67, else the header's field. */
  readonly bootFile: string | null;
  /** The header's field alone. */
  readonly file: string | null;
  readonly vendorClass: string | null;
  /** The titles of PXE's boot menu (option 43); the first boots by itself. */
  readonly menu: readonly string[];
  /** Every option by name, or by number where it has none. */
  readonly options: Readonly<Record<string, string>>;
}

export interface FileReport {
  readonly url: string;
  /** Where its name comes from: `dhcp`, or a line of a script. */
  readonly from: string;
  /** What it looks like; null when only its being there was asked. */
  readonly kind: string | null;
  readonly arrived: boolean;
  /** Bytes; null when neither told nor fetched. */
  readonly size: number | null;
  readonly sha256: string | null;
  readonly blockSize: number | null;
  readonly windowSize: number | null;
  readonly httpStatus: number | null;
  readonly milliseconds: number;
}

export function reportOffer(offer: Offer): OfferReport {
  const { packet, address, subnet } = offer;
  const name = (code: number): string => optionByCode(code)?.name ?? String(code);
  return {
    role: address === undefined ? 'proxy' : 'dhcp',
    server: formatIpv4(offer.server),
    source: formatIpv4(offer.source),
    afterMs: offer.afterMs,
    address: address === undefined ? null : formatIpv4(address),
    subnet: subnet === undefined ? null : formatSubnet(subnet),
    leaseSeconds: offer.leaseTime ?? null,
    routers: offer.routers.map(formatIpv4),
    dns: offer.dns.map(formatIpv4),
    nextServer: offer.nextServer === undefined ? null : formatIpv4(offer.nextServer),
    serverName: shown(offer.serverName),
    bootFile: shown(offer.bootFile),
    file: packet.file === '' ? null : shown(packet.file),
    vendorClass: shown(offer.vendorClass),
    menu: (offer.pxe?.menu ?? []).map(({ title }) => visible(title)),
    options: Object.fromEntries(
      [...packet.options].map(([code, bytes]) => [name(code), formatOption(code, bytes)]),
    ),
  };
}

/** Control characters from the wire spelled out, so that a server cannot write on the terminal. */
const shown = (text: string | undefined): string | null => (text === undefined ? null : visible(text));

export function reportFile(place: Place, from: string, kind: string | null, fetched: Fetched): FileReport {
  return {
    url: visible(place.url),
    from,
    kind,
    arrived: fetched.failure === undefined,
    size: fetched.received?.size ?? fetched.announced ?? null,
    sha256: fetched.received?.sha256 ?? null,
    blockSize: fetched.blocks?.size ?? null,
    windowSize: fetched.blocks?.window ?? null,
    httpStatus: fetched.status ?? null,
    milliseconds: fetched.milliseconds,
  };
}
