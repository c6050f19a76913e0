/** Follows an iPXE script: is what it names there, and what do the scripts say that it chains to? */
import { isUefi } from '../boot/arch.ts';
import { textOf, visible } from '../dhcp/wiretext.ts';
import { formatIpv4 } from '../values/ipv4.ts';
import { type Delivery, fetchFile, type Standpoint } from './fetch.ts';
import { type Finding, finding } from './findings.ts';
import { judgeProgram } from './judge-file.ts';
import type { Offer } from './offer.ts';
import { type Place, placeBeside } from './place.ts';
import { describeProgram, programOf } from './program.ts';
import { type FileReport, reportFile } from './report.ts';
import { type Reference, referencesOf, type Settings } from './script.ts';

/** Scripts that chain to scripts. */
const DEEPEST = 5;
/** Files looked at in all: menus can name hundreds. */
const MOST_FILES = 200;

export interface Followed {
  readonly files: readonly FileReport[];
  readonly findings: readonly Finding[];
}

/** Commands that run what they fetch. */
const RUNNING: ReadonlySet<string> = new Set(['chain', 'boot', 'imgexec']);

export async function followScript(script: Delivery, settings: Settings, at: Standpoint): Promise<Followed> {
  const files: FileReport[] = [];
  const findings: Finding[] = [];
  const seen = new Set<string>([script.place.url]);

  async function follow({ place, fetched }: Delivery, depth: number, certainly: boolean): Promise<void> {
    for (const reference of referencesOf(textOf(fetched.head), settings)) {
      const certain = certainly && reference.certain;
      const told = (found: Finding): void => void findings.push(inScript(found, reference, place, certain));
      const target = placeBeside(reference.word, place);
      if (reference.unknown !== undefined || 'fault' in target) {
        told(notFollowed(reference));
        continue;
      }
      if (seen.has(target.url) || files.length >= MOST_FILES) continue;
      seen.add(target.url);
      await look(target, reference, { base: place, depth, certain, told });
    }
  }

  interface Look {
    readonly base: Place;
    readonly depth: number;
    readonly certain: boolean;
    readonly told: (found: Finding) => void;
  }

  async function look(target: Place, { line, command }: Reference, { base, depth, certain, told }: Look) {
    const runs = RUNNING.has(command);
    const delivery = await fetchFile(target, at, !runs);
    delivery.findings.forEach(told);
    const arrived = delivery.fetched.failure === undefined;
    const program = runs && arrived ? programOf(delivery.fetched.head, delivery.place.path) : undefined;
    const kind = program === undefined ? null : describeProgram(program);
    files.push(reportFile(delivery.place, `line ${line} of ${visible(base.url)}`, kind, delivery.fetched));
    if (program === undefined) return;
    judgeProgram({ client: at.client, ...delivery }, program).forEach(told);
    if (program.kind !== 'script') return;
    if (depth >= DEEPEST) told(tooDeep());
    else await follow(delivery, depth + 1, certain);
  }

  await follow(script, 1, true);
  return { files, findings };
}

/** Says where, and is milder where the script may never come there. */
function inScript(found: Finding, { line, command }: Reference, { url }: Place, certain: boolean): Finding {
  const severity = found.severity === 'error' && !certain ? 'warning' : found.severity;
  return { ...found, severity, message: `${command} in line ${line} of ${visible(url)}: ${found.message}` };
}

function notFollowed({ word, unknown }: Reference): Finding {
  const why =
    unknown === undefined
      ? 'no address that a probe can fetch'
      : `only a machine knows \${${visible(unknown)}}`;
  return finding('NOT_FOLLOWED', `${visible(word)} was not looked at: ${why}`, 'Look at it by hand.');
}

function tooDeep(): Finding {
  return finding(
    'TOO_DEEP',
    `scripts chain to scripts more than ${DEEPEST} times`,
    'Check that they do not lead in a circle.',
  );
}

/** What iPXE knows by the time that a script runs. What only the machine itself knows, such as its serial number, is left out. */
export function settingsOf({ client }: Standpoint, lease: Offer | undefined, script: Place): Settings {
  const uefi = isUefi(client.arch);
  const known: [string, string | undefined][] = [
    ['mac', client.mac],
    ['ip', lease?.address === undefined ? undefined : formatIpv4(lease.address)],
    ['gateway', lease?.routers[0] === undefined ? undefined : formatIpv4(lease.routers[0])],
    ['dns', lease?.dns[0] === undefined ? undefined : formatIpv4(lease.dns[0])],
    ['dhcp-server', lease === undefined ? undefined : formatIpv4(lease.server)],
    ['next-server', script.host],
    ['filename', script.url],
    ['uuid', client.uuid],
    ['platform', uefi ? 'efi' : 'pcbios'],
    ['buildarch', BUILD_ARCH.get(client.arch)],
  ];
  return new Map(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const BUILD_ARCH: ReadonlyMap<string, string> = new Map([
  ['bios', 'i386'],
  ['uefi-ia32', 'i386'],
  ['uefi-x64', 'x86_64'],
  ['uefi-arm32', 'arm32'],
  ['uefi-arm64', 'arm64'],
]);
