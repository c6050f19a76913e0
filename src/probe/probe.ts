/** Plays a network boot from DISCOVER to the last file, without booting, and without taking a lease. */

import { visible } from '../dhcp/wiretext.ts';
import type { Nic } from '../net/udp.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../values/ipv4.ts';
import { type Client, vendorClass } from './client.ts';
import { type Fetchers, fetchFile, type Standpoint } from './fetch.ts';
import { type Finding, finding, holds } from './findings.ts';
import { followScript, settingsOf } from './follow.ts';
import { judgeProgram } from './judge-file.ts';
import { judgeBoot, judgeOffers, judgeWay, strangerClass } from './judge-offers.ts';
import { type Conversation, openConversation, type Wire } from './listen.ts';
import { isPxeClass, type Offer } from './offer.ts';
import { isUrl, type Place, placeOfFile, schemeOf } from './place.ts';
import { describeProgram, programOf } from './program.ts';
import { type FileReport, type OfferReport, type Report, reportFile, reportOffer } from './report.ts';
import { answerStep, type Next, type Route, route } from './select.ts';

export interface ProbeOptions {
  readonly client: Client;
  readonly nic: Nic;
  /** Every address of this host. */
  readonly ownAddresses: readonly Ipv4[];
  /** How long offers are listened for, milliseconds. */
  readonly waitMs: number;
  /** The SHA-256 that the boot file has to have, in lower-case hex; undefined: any. */
  readonly sha256?: string | undefined;
  readonly wire: Wire;
  readonly fetchers: Fetchers;
}

/** What is known so far: each step adds to it. */
interface Notes {
  readonly steps: string[];
  readonly files: FileReport[];
  readonly findings: Finding[];
  port4011: OfferReport | null;
}

/** Rejects with NetError or SendRefused when it cannot ask at all; everything else is in the report. */
export async function probe(options: ProbeOptions): Promise<Report> {
  const { client, nic } = options;
  const notes: Notes = { steps: [], files: [], findings: [], port4011: null };
  const conversation = openConversation(client, options.wire);
  let offers: readonly Offer[];
  try {
    const answers = await conversation.gather(options.waitMs);
    offers = answers.offers;
    const chosen = route(client, offers);
    notes.findings.push(...answers.findings, ...judgeOffers(client, offers, chosen));
    tellChoice(chosen, notes);
    const file = await askedFile(chosen, conversation, options, notes);
    if (file !== undefined) await lookAtFile(file, chosen.lease, options, notes);
  } finally {
    conversation.close();
  }
  return {
    ok: holds(notes.findings),
    interface: nic.name,
    as: client.kind,
    arch: client.arch,
    mac: client.mac,
    vendorClass: vendorClass(client),
    offers: offers.map(reportOffer),
    steps: notes.steps,
    port4011: notes.port4011,
    files: notes.files,
    findings: notes.findings,
  };
}

type FileStep = Extract<Next, { kind: 'file' }>;

function tellChoice({ lease, boot, next }: Route, { steps }: Notes): void {
  if (lease?.address !== undefined)
    steps.push(`takes the address ${formatIpv4(lease.address)} of ${formatIpv4(lease.server)}`);
  if (boot !== undefined && boot !== lease && next.kind === 'file')
    steps.push(`takes the boot file of ${formatIpv4(boot.server)}`);
}

/** The file to fetch, by the offer's word or port 4011's. */
async function askedFile(
  { boot, next }: Pick<Route, 'boot' | 'next'>,
  conversation: Conversation,
  options: ProbeOptions,
  notes: Notes,
): Promise<FileStep | undefined> {
  if (next.kind === 'file') return next;
  if (boot === undefined) return undefined;
  tellMenu(boot, notes);
  if (next.kind === 'disk') {
    notes.steps.push('boots the disk');
    notes.findings.push(localBoot());
  }
  if (next.kind !== 'ask') return undefined;
  const { client, nic } = options;
  const [from] = nic.addresses;
  if (from === undefined) {
    notes.findings.push(noOwnAddress(nic));
    return undefined;
  }
  for (const server of next.servers) {
    const who = formatIpv4(server);
    const answer = await conversation.ask(server, from.address, next.item);
    if (answer === undefined) {
      notes.steps.push(`asks port 4011 of ${who}, which keeps silent`);
      notes.findings.push(silent(server, boot));
      continue;
    }
    notes.port4011 = reportOffer(answer);
    const told = answer.bootFile === undefined ? 'no boot file' : `"${visible(answer.bootFile)}"`;
    notes.steps.push(`asks port 4011 of ${who}, which answers with ${told}`);
    notes.findings.push(...judgeBoot(client, answer));
    const step = answerStep(client.kind, answer, next.item);
    if (step.kind !== 'nothing') return askedFile({ boot: answer, next: step }, conversation, options, notes);
    notes.findings.push(withoutFile(server));
  }
  return undefined;
}

function tellMenu({ pxe }: Offer, { steps }: Notes): void {
  if (pxe === undefined || pxe.menu.length === 0) return;
  const titles = pxe.menu.map(({ title }) => visible(title)).join(', ');
  steps.push(`shows a menu, and takes its first item: ${titles}`);
}

function localBoot(): Finding {
  return finding(
    'LOCAL_BOOT',
    'the boot menu begins with the local disk',
    'Other items need a key to be pressed.',
  );
}

function withoutFile(server: Ipv4): Finding {
  return finding(
    'PXE_PORT_WITHOUT_FILE',
    `port 4011 of ${formatIpv4(server)} answers without a boot file`,
    'Name a boot file for this architecture there.',
  );
}

function silent(server: Ipv4, boot: Offer): Finding {
  if (boot.address !== undefined && isPxeClass(boot)) return strangerClass(boot, 'error');
  const who = formatIpv4(server);
  return finding(
    'PXE_PORT_SILENT',
    `${who} is to be asked on port 4011, and does not answer there`,
    `Let UDP port 4011 of ${who} through firewalls; siaddr must name the boot server itself, not another TFTP server.`,
  );
}

function noOwnAddress({ name }: Nic): Finding {
  return finding(
    'NO_OWN_ADDRESS',
    `${name} has no IPv4 address, so that nothing more could be asked or fetched`,
    `A probe takes no lease. Give ${name} a free address of this network: ip address add ADDRESS/PREFIX dev ${name}`,
  );
}

/** The kernel hands our requests to our own sockets: a server here is played through to the end, its network is not. */
function sameMachine(server: Ipv4): Finding {
  return finding(
    'SAME_MACHINE',
    `the boot server ${formatIpv4(server)} is this very machine: the way to it was not tried`,
    'Firewalls, cables and switches only show from elsewhere: run the probe on another machine of this network, too.',
  );
}

/** The boot file, and what it leads on to. */
async function lookAtFile(
  step: FileStep,
  lease: Offer | undefined,
  options: ProbeOptions,
  notes: Notes,
): Promise<void> {
  const { client, nic, ownAddresses, fetchers, sha256 } = options;
  const place = placeFor(client, step);
  if ('severity' in place) {
    notes.findings.push(place);
    return;
  }
  const server = parseIpv4(place.host);
  if (lease !== undefined && server !== undefined) notes.findings.push(...judgeWay(lease, server));
  if (nic.addresses.length === 0) {
    notes.findings.push(noOwnAddress(nic));
    return;
  }
  if (server !== undefined && ownAddresses.includes(server)) notes.findings.push(sameMachine(server));
  const at: Standpoint = { client, dns: lease?.dns ?? [], fetchers };
  const delivery = await fetchFile(place, at, false);
  notes.steps.push(`fetches ${visible(place.url)}`);
  notes.findings.push(...delivery.findings);
  const { fetched } = delivery;
  const program = fetched.failure === undefined ? programOf(fetched.head, delivery.place.path) : undefined;
  const kind = program === undefined ? null : describeProgram(program);
  notes.files.push(reportFile(delivery.place, 'dhcp', kind, fetched));
  if (program === undefined) return;
  notes.findings.push(...judgeProgram({ client, sha256, ...delivery }, program));
  if (client.kind !== 'ipxe' || program.kind !== 'script') return;
  const followed = await followScript(delivery, settingsOf(at, lease, delivery.place), at);
  notes.files.push(...followed.files);
  notes.findings.push(...followed.findings);
}

/** What each kind of client can make of a boot file's name. */
function placeFor({ kind }: Client, { file, server }: FileStep): Place | Finding {
  const name = visible(file);
  const scheme = schemeOf(file);
  const byHttp = scheme === 'http' || scheme === 'https';
  if (kind === 'http' && !byHttp) {
    return finding(
      'NOT_A_URL',
      `UEFI HTTP Boot is offered "${name}", which is no http: or https: URL`,
      'Offer architectures 15 to 20 a URL as the boot file, such as http://SERVER/boot/snponly.efi.',
    );
  }
  if ((kind === 'bios' || kind === 'uefi') && isUrl(file)) {
    return finding(
      'URL_FOR_PXE',
      `firmware's PXE client is offered the URL ${name}: it can only ask a TFTP server for a name`,
      'Offer it iPXE by TFTP, and the URL to iPXE alone (option 175 or user class iPXE).',
    );
  }
  const place = placeOfFile(file, server);
  if (!('fault' in place)) return place;
  if (place.fault === 'no-server') {
    return finding(
      'NO_SERVER',
      `the boot file "${name}" is offered without a server: siaddr is 0, and option 66 names none`,
      'Set the next server (siaddr): next-server in ISC dhcpd and Kea, option 66 where it is one setting for both.',
    );
  }
  return finding(
    'UNKNOWN_SCHEME',
    `the boot file ${name} is no URL that a probe can fetch`,
    'Use http:, https: or tftp:, or look at it by hand.',
  );
}
