/**
 * What another DHCP server has to tell a network's machines so that they boot from here: a first stage for each kind of
 * firmware, and for iPXE the URL of its script. Every dialect is written from this.
 */
import { ARCHES, type Arch, archCode, bootsByHttp } from '../boot/arch.ts';
import { DEFAULT_FIRMWARE, planBoot } from '../boot/plan.ts';
import { httpOrigin, type ServerUrls } from '../boot/scope.ts';
import { selectProfile } from '../boot/select.ts';
import type { Mode } from '../config/model.ts';
import { imagine } from '../decide/imagine.ts';
import type { Inventory, Profile } from '../profiles/model.ts';
import type { Ipv4, Subnet } from '../values/ipv4.ts';

/** What one kind of firmware fetches first. */
export interface FirstStage {
  readonly arch: Arch;
  /** Its numbers in option 93, lowest first. */
  readonly codes: readonly number[];
  /** A path below the TFTP root; for UEFI HTTP Boot a URL. */
  readonly file: string;
  readonly http: boolean;
}

export interface Pointers {
  readonly server: ServerUrls<Ipv4>;
  /** The network on the NIC that serves; undefined when it is not known. */
  readonly subnet: Subnet | undefined;
  readonly stages: readonly FirstStage[];
  /** Where iPXE goes on, whatever the machine. */
  readonly scriptUrl: string;
  /** What has to be known or done besides, a sentence each. */
  readonly notes: readonly string[];
}

export interface PointerSource {
  readonly server: ServerUrls<Ipv4>;
  readonly subnet: Subnet | undefined;
  readonly mode: Mode;
  readonly inventory: Inventory;
  /** Whether a path lies below one of the TFTP roots. */
  readonly has: (path: string) => boolean;
}

/** The kinds that every rack has: theirs is told even if its file is still to come. */
const USUAL: readonly Arch[] = ['bios', 'uefi-x64'];

export function pointersFor(source: PointerSource): Pointers {
  const { server, subnet } = source;
  const stages: FirstStage[] = [];
  const absent: string[] = [];
  const leftOut: string[] = [];
  for (const arch of new Set(ARCHES.map(({ name }) => name))) {
    const file = firstFile(arch, source);
    if (file === undefined) continue;
    const stage = { arch, codes: codesOf(arch), file, http: bootsByHttp(arch) };
    if (isThere(file, source)) {
      stages.push(stage);
    } else if (USUAL.includes(arch)) {
      stages.push(stage);
      absent.push(`${file} is not below the TFTP roots: ${arch} machines do not boot until it is.`);
    } else if (!stage.http) {
      leftOut.push(`${arch} (${file})`);
    }
  }
  if (leftOut.length > 0) {
    absent.push(`Left out, as their files are not below the TFTP roots: ${leftOut.join(', ')}.`);
  }
  const notes = [...modeNotes(source.mode), ...ALWAYS, ...absent, ...inventoryNotes(stages, source)];
  return { server, subnet, stages, scriptUrl: `${httpOrigin(server)}/ipxe`, notes };
}

function codesOf(arch: Arch): readonly number[] {
  return ARCHES.filter(({ name }) => name === arch).map(({ code }) => code);
}

function factsOf(arch: Arch, { server }: PointerSource) {
  return imagine({ arch: archCode(arch) ?? arch }, { nic: 'none', localAddress: server.address }).facts;
}

/**
 * The first stage for a machine that no profile singles out. The other server cannot tell machines that boot from their
 * disks from those that do not, so where such a machine would be told nothing, it is told iPXE: that asks here.
 */
function firstFile(arch: Arch, source: PointerSource): string | undefined {
  const { server, inventory } = source;
  const facts = factsOf(arch, source);
  const { profile } = selectProfile(facts, inventory);
  const planned = profile === undefined ? undefined : planBoot(facts, profile, server).bootFile;
  if (planned !== undefined) return planned;
  const builtIn = DEFAULT_FIRMWARE[arch.replace(/-http$/, '') as Arch];
  if (builtIn === undefined) return undefined;
  return bootsByHttp(arch) ? `${httpOrigin(server)}/boot/${builtIn}` : builtIn;
}

/** A URL of ours is a file of ours; what other servers have is theirs to know. */
function isThere(file: string, { server, has }: PointerSource): boolean {
  const own = `${httpOrigin(server)}/boot/`;
  if (file.startsWith(own)) return has(decodeURIComponent(file.slice(own.length)));
  return file.includes('://') || has(file);
}

/** iPXE's features are in sub-options of option 175, which no dialect looks into. */
const ALWAYS = [
  'An iPXE built without HTTP cannot follow its URL, and these lines cannot tell it from others.',
];

function modeNotes(mode: Mode): readonly string[] {
  if (mode === 'off') return [];
  return [`pilotlight.yaml says dhcp.mode: ${mode}. Make it off, or machines get two answers that contend.`];
}

/** Where profiles want what only Pilotlight's own answers can tell: those go by machine, and these lines by firmware. */
function inventoryNotes(stages: readonly FirstStage[], source: PointerSource): readonly string[] {
  const { inventory } = source;
  const others = inventory.profiles.flatMap((profile) => {
    const differing = differences(profile, stages, source);
    return differing.length === 0 ? [] : [`${profile.name} (${differing.join(', ')})`];
  });
  const withOptions = [
    ...inventory.profiles.filter(({ options }) => options.size > 0).map(({ name }) => name),
    ...inventory.machines.all
      .filter(({ options }) => options.size > 0)
      .map(({ name, macs }) => name ?? macs[0]),
  ];
  return [
    ...(others.length === 0
      ? []
      : [`Profiles with other first stages need entries by hand for their machines: ${others.join('; ')}.`]),
    ...(withOptions.length === 0
      ? []
      : [`DHCP options of profiles and machines are not told by these lines: ${withOptions.join(', ')}.`]),
  ];
}

function differences(profile: Profile, stages: readonly FirstStage[], source: PointerSource): string[] {
  return stages.flatMap(({ arch, file, http }) => {
    if (http) return [];
    const wanted = planBoot(factsOf(arch, source), profile, source.server).bootFile;
    return wanted === undefined || wanted === file ? [] : [`${arch}: ${wanted}`];
  });
}
