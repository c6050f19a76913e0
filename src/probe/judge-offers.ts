/** What is out of order in the offers themselves, before anything is fetched. Pure. */
import { OPTION } from '../dhcp/codes.ts';
import { textToNul, visible } from '../dhcp/wiretext.ts';
import { formatIpv4, formatSubnet, type Ipv4, inSubnet } from '../values/ipv4.ts';
import type { Client } from './client.ts';
import { type Finding, finding } from './findings.ts';
import { isHttpClass, isPxeClass, type Offer } from './offer.ts';
import type { Route } from './select.ts';

/** Milliseconds that UEFI takes offers for after its first DISCOVER (OVMF). */
const UEFI_WAITS = 4000;

export function judgeOffers(client: Client, offers: readonly Offer[], route: Route): Finding[] {
  if (offers.length === 0) return [noAnswer()];
  return [
    ...judgeServers(client, offers, route),
    ...judgeRoute(client, offers, route),
    ...(route.lease === undefined ? [] : judgeLease(client, route.lease)),
    ...(route.boot === undefined ? [] : judgeBoot(client, route.boot)),
  ];
}

function noAnswer(): Finding {
  return finding(
    'NO_ANSWER',
    'no DHCP server and no boot server answered',
    'Check that the server runs and serves this link, that both are in one VLAN or have a DHCP relay between them, and that no firewall drops UDP port 67.',
  );
}

const list = (offers: readonly Offer[]): string =>
  offers.map(({ server }) => formatIpv4(server)).join(' and ');

/** One offer a server; it may have sent several. */
function byServer(offers: readonly Offer[]): Offer[] {
  return [...new Map(offers.toReversed().map((offer) => [offer.server, offer])).values()].toReversed();
}

function judgeServers(client: Client, offers: readonly Offer[], { boot }: Route): Finding[] {
  const found: Finding[] = [];
  const leases = byServer(offers.filter(({ address }) => address !== undefined));
  const proxies = byServer(
    offers.filter((offer) => offer.address === undefined && (isPxeClass(offer) || isHttpClass(offer))),
  );
  if (leases.length > 1) {
    found.push(
      finding(
        'SECOND_DHCP_SERVER',
        `${leases.length} DHCP servers give addresses: ${list(leases)}`,
        'A machine takes either. Unless they are a failover pair, switch one off on this link.',
      ),
    );
  }
  const boots = byServer([...proxies, ...leases.filter(({ bootFile }) => bootFile !== undefined)]);
  if (proxies.length > 0 && boots.length > 1) {
    found.push(
      finding(
        'SECOND_BOOT_SERVER',
        `${boots.length} servers say what to boot: ${list(boots)}`,
        'Firmware differs in whose word it takes: switch one off on this link, or take options 66 and 67 out of the DHCP server.',
      ),
    );
  }
  // UEFI goes by such an offer, and what comes of it is told by asking port 4011.
  const strangers = client.kind === 'uefi' || client.kind === 'http' ? [] : leases.filter(isStranger);
  for (const stranger of strangers) {
    if (stranger === boot) continue;
    found.push(strangerClass(stranger, 'warning'));
  }
  return found;
}

/** A DHCP server that calls itself a boot server and has nothing to boot. */
const isStranger = (offer: Offer): boolean =>
  isPxeClass(offer) && offer.bootFile === undefined && offer.pxe?.hasDiscovery !== true;

/** An option 60 that sends UEFI to a port 4011 where nobody is (fog-docs#188). */
export function strangerClass({ server }: Offer, severity: 'error' | 'warning'): Finding {
  const who = formatIpv4(server);
  return finding(
    'STRANGER_CLASS',
    `the DHCP server ${who} sends option 60 "PXEClient", and is no boot server`,
    `Remove option 60 from ${who}: UEFI firmware goes to port 4011 there instead of to the boot server.`,
    severity,
  );
}

function judgeRoute(client: Client, offers: readonly Offer[], { lease, boot, next }: Route): Finding[] {
  if (lease === undefined) {
    return [
      finding(
        'NO_ADDRESS',
        'only boot servers answered: nobody offers an address',
        'Start the DHCP server of this network, or let Pilotlight be it (dhcp.mode: full).',
      ),
    ];
  }
  if (next.kind !== 'nothing') return [];
  const classless = client.kind === 'http' ? offers.find((offer) => offer.bootFile !== undefined) : undefined;
  if (classless !== undefined && boot === undefined) {
    const { vendorClass } = classless;
    const said = vendorClass === undefined ? 'has no option 60' : `has option 60 "${visible(vendorClass)}"`;
    return [
      finding(
        'NOT_HTTP_CLASS',
        `the offer of ${formatIpv4(classless.server)} ${said}: UEFI HTTP Boot takes only those that begin with "HTTPClient"`,
        'Let the server send option 60 "HTTPClient" to architectures 15 to 20, and a URL as the boot file.',
      ),
    ];
  }
  return [
    finding(
      'NO_BOOT_FILE',
      `addresses are offered, and nobody says what ${client.arch} boots`,
      'Start Pilotlight on this link, or set options 66 and 67 on the DHCP server. If Pilotlight runs: does `pilotlight explain` know this machine?',
    ),
  ];
}

function judgeLease(client: Client, lease: Offer): Finding[] {
  const found: Finding[] = [];
  const who = formatIpv4(lease.server);
  if (lease.subnet === undefined) {
    found.push(
      finding(
        'NO_MASK',
        `the offer of ${who} has no subnet mask (option 1), or none that is one`,
        'Set it: firmware guesses otherwise, by the class of the address.',
      ),
    );
  }
  if (lease.afterMs > UEFI_WAITS && (client.kind === 'uefi' || client.kind === 'http')) {
    const after = (lease.afterMs / 1000).toFixed(1);
    found.push(
      finding(
        'LATE_OFFER',
        `${who} answered after ${after} s; UEFI firmware waits 4 s for the first try`,
        'The next try costs 8 s. Shorten what the server waits for: an address check, a slow relay, a backup server that holds back.',
      ),
    );
  }
  return found;
}

/** What the offer, or the answer of port 4011, that tells the boot file says of it. */
export function judgeBoot(client: Client, boot: Offer): Finding[] {
  const found: Finding[] = [];
  const who = formatIpv4(boot.server);
  const { file } = boot.packet;
  const option = textToNul(boot.packet.options.get(OPTION.BOOT_FILE) ?? new Uint8Array());
  if (file !== '' && option !== '' && file !== option) {
    found.push(
      finding(
        'FILES_DIFFER',
        `${who} names two boot files: "${visible(option)}" in option 67, "${visible(file)}" in the header`,
        'Firmware differs in which it reads: say the same in both.',
      ),
    );
  }
  const { nextServer, namedServer } = boot;
  if (
    client.kind !== 'http' &&
    nextServer !== undefined &&
    namedServer !== undefined &&
    nextServer !== namedServer
  ) {
    found.push(
      finding(
        'SERVERS_DIFFER',
        `${who} names two TFTP servers: ${formatIpv4(nextServer)} in siaddr, ${formatIpv4(namedServer)} in option 66`,
        'Firmware differs in which it reads: say the same in both.',
      ),
    );
  }
  const name = boot.bootFile;
  if (name !== undefined && (visible(name) !== name || name.trim() !== name)) {
    found.push(
      finding(
        'ODD_NAME',
        `the boot file "${visible(name)}" has blanks at its ends or characters that cannot be seen`,
        'Write the name anew in the DHCP server: quotes, line ends and option 67 without its length are usual causes.',
      ),
    );
  }
  const { prompt, menu = [] } = boot.pxe ?? {};
  if (menu.length > 0 && prompt !== undefined && prompt.seconds === undefined) {
    found.push(
      finding(
        'MENU_WAITS',
        `the boot menu of ${who} waits for a key for ever`,
        'Give it a timeout, so that machines boot without anybody.',
      ),
    );
  }
  if (
    client.kind === 'uefi' &&
    boot.address === undefined &&
    boot.type !== 'ACK' &&
    boot.pxe?.hasDiscovery === true
  ) {
    found.push(
      finding(
        'DISCOVERY_FOR_UEFI',
        `the boot server ${who} sends UEFI discovery options (option 43, sub-options 6 to 10)`,
        'Some UEFI firmware drops such an offer. Pilotlight sends none by default (uefiProxy: binl).',
      ),
    );
  }
  return found;
}

/** Whether the machine can reach the server that its file is on. */
export function judgeWay(lease: Offer, server: Ipv4): Finding[] {
  const { subnet, routers, packet } = lease;
  if (subnet === undefined || inSubnet(server, subnet)) return [];
  if (routers.length > 0 || packet.options.has(OPTION.CLASSLESS_ROUTES)) return [];
  return [
    finding(
      'NO_ROUTER',
      `${formatIpv4(server)} is outside ${formatSubnet(subnet)}, and the offer of ${formatIpv4(lease.server)} names no router`,
      'Set option 3 on the DHCP server, or put the boot server into that subnet.',
    ),
  ];
}
