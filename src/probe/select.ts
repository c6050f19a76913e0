/** Which of the offers a machine goes by, and what it does next: each firmware's own rule. Pure. */
import { LOCAL_BOOT } from '../dhcp/pxe.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Client, ClientKind } from './client.ts';
import { isHttpClass, isPxeClass, type Offer } from './offer.ts';

/** What the machine does with the offers. */
export type Next =
  | { readonly kind: 'file'; readonly file: string; readonly server: Ipv4 | undefined }
  /** Asks port 4011 of these, one after another; `item` is what was chosen from a menu. */
  | { readonly kind: 'ask'; readonly servers: readonly Ipv4[]; readonly item: number | undefined }
  /** The menu's first item is the disk. */
  | { readonly kind: 'disk' }
  | { readonly kind: 'nothing' };

export interface Route {
  /** Whose address it takes. */
  readonly lease: Offer | undefined;
  /** Whose word on booting it takes; may be the same offer. */
  readonly boot: Offer | undefined;
  readonly next: Next;
}

const NOTHING: Next = { kind: 'nothing' };

/**
 * The offers in order of arrival → what a machine of this kind does. Where nobody gives an address it does nothing; what
 * it would do is told all the same, so that the rest of the chain is looked at as well.
 */
export function route({ kind }: Client, offers: readonly Offer[]): Route {
  const taken = offers.filter(({ type }) => type === 'OFFER' || type === undefined);
  const leases = taken.filter(({ address }) => address !== undefined);
  const proxies = taken.filter(({ address }) => address === undefined);
  const [lease, boot] = CHOOSERS[kind](leases, proxies);
  if (boot === undefined) return { lease, boot, next: NOTHING };
  return { lease, boot, next: kind === 'http' ? fileOf(kind, boot) : pxeStep(kind, boot) };
}

type Choice = readonly [lease: Offer | undefined, boot: Offer | undefined];
type Chooser = (leases: readonly Offer[], proxies: readonly Offer[]) => Choice;

const CHOOSERS: Readonly<Record<ClientKind, Chooser>> = {
  bios: chooseBios,
  uefi: chooseUefi,
  http: chooseHttp,
  ipxe: chooseIpxe,
};

const hasFile = ({ bootFile }: Offer): boolean => bootFile !== undefined;
const hasDiscovery = ({ pxe }: Offer): boolean => pxe?.hasDiscovery === true;

/** EDK2's own order, PxeBcSelectDhcp4Offer (peers U4). */
function chooseUefi(leases: readonly Offer[], proxies: readonly Offer[]): Choice {
  const boots = proxies.filter(isPxeClass);
  const plain = leases.filter((offer) => !isPxeClass(offer));
  const [first] = plain;
  const pxe10 = leases.find((offer) => isPxeClass(offer) && hasDiscovery(offer));
  if (pxe10 !== undefined) return [pxe10, pxe10];
  const proxyPxe10 = boots.find(hasDiscovery);
  if (proxyPxe10 !== undefined) return [first, proxyPxe10];
  const binl = leases.find(isPxeClass);
  if (binl !== undefined) return [binl, binl];
  if (boots[0] !== undefined) return [first, boots[0]];
  const withFile = plain.find(hasFile);
  return [withFile ?? first, withFile];
}

/**
 * PXE 2.1 §2.2: an address offer that is a boot server's as well, else the proxy, else the plain boot file. A class
 * without a file or discovery options behind it turns no ROM away from the proxy (fog-docs#188: BIOS boots all the same).
 */
function chooseBios(leases: readonly Offer[], proxies: readonly Offer[]): Choice {
  const boots = proxies.filter(isPxeClass);
  const both = leases.find((offer) => isPxeClass(offer) && (hasFile(offer) || hasDiscovery(offer)));
  if (both !== undefined) return [both, both];
  const [first] = leases;
  if (boots[0] !== undefined) return [first, boots[0]];
  const withFile = leases.find(hasFile) ?? leases.find(isPxeClass);
  return [withFile ?? first, withFile];
}

/** iPXE 1.0 waits for a proxy unless 175.176 tells it not to, and takes the proxy's word over the server's. */
function chooseIpxe(leases: readonly Offer[], proxies: readonly Offer[]): Choice {
  const [lease] = leases;
  const proxy = proxies.find(isPxeClass);
  const withFile = leases.find(hasFile);
  if (withFile?.noProxy === true) return [withFile, withFile];
  if (proxy !== undefined) return [lease, proxy];
  const word = withFile ?? leases.find(isPxeClass);
  return [word ?? lease, word];
}

/** EDK2's HttpBootDxe: only offers with the class count; one server for all is preferred to a proxy's URL. */
function chooseHttp(leases: readonly Offer[], proxies: readonly Offer[]): Choice {
  const both = leases.find((offer) => isHttpClass(offer) && hasFile(offer));
  if (both !== undefined) return [both, both];
  return [leases[0], proxies.find((offer) => isHttpClass(offer) && hasFile(offer))];
}

/** A PXE client with an offer in hand: takes its file, looks into its menu, or asks port 4011. */
function pxeStep(kind: ClientKind, boot: Offer): Next {
  const { pxe } = boot;
  const proxied = boot.address === undefined || isPxeClass(boot);
  if (pxe?.skipsDiscovery === true && hasFile(boot)) return fileOf(kind, boot);
  const chosen = menuStep(boot);
  if (chosen !== undefined) return chosen;
  // EDK2 asks whoever has the class and no discovery options (BINL), even when the offer has a file (peers U1, U3).
  if (kind === 'uefi' && isPxeClass(boot) && !hasDiscovery(boot)) {
    return { kind: 'ask', servers: askedOf(boot), item: undefined };
  }
  if (hasFile(boot)) return fileOf(kind, boot);
  return proxied ? { kind: 'ask', servers: askedOf(boot), item: undefined } : NOTHING;
}

/** The first item of a menu, where there is one: what boots when nobody presses a key. */
function menuStep(boot: Offer): Next | undefined {
  const { pxe } = boot;
  const item = pxe?.menu[0];
  if (pxe === undefined || item === undefined) return undefined;
  if (item.type === LOCAL_BOOT) return { kind: 'disk' };
  const listed = pxe.servers.filter(({ type }) => type === item.type).flatMap(({ addresses }) => addresses);
  return { kind: 'ask', servers: listed.length > 0 ? listed : askedOf(boot), item: item.type };
}

/** What the answer of port 4011 leads to: a file, or a menu when none was chosen from yet. */
export function answerStep(kind: ClientKind, answer: Offer, item: number | undefined): Next {
  const menu = item === undefined && answer.pxe?.skipsDiscovery !== true ? menuStep(answer) : undefined;
  return menu ?? fileOf(kind, answer);
}

/** Whom firmware asks on port 4011: siaddr first, the server identifier only where that is empty (EDK2, peers U2). */
function askedOf(boot: Offer): readonly Ipv4[] {
  return [boot.nextServer ?? boot.server];
}

/** What an offer tells to fetch. */
function fileOf(kind: ClientKind, boot: Offer): Next {
  const file = boot.bootFile;
  return file === undefined ? NOTHING : { kind: 'file', file, server: bootServerOf(kind, boot) };
}

/** Where the file is fetched. UEFI falls back on the server identifier, iPXE and ROMs do not. */
function bootServerOf(kind: ClientKind, boot: Offer): Ipv4 | undefined {
  if (kind !== 'uefi') return boot.nextServer ?? boot.namedServer;
  const listed = boot.pxe?.skipsDiscovery === true ? boot.pxe.servers[0]?.addresses[0] : undefined;
  return listed ?? boot.nextServer ?? boot.server;
}
