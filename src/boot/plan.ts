/** Stage by stage, what a client is told to boot: the profile's method in the terms that this client understands. */
import { type BootMethod, type Machine, type Profile, TemplateError } from '../profiles/model.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { hyphenMac } from '../values/mac.ts';
import { type Arch, isUefi } from './arch.ts';
import type { Facts } from './facts.ts';
import type { Adjustment } from './quirks.ts';
import { httpOrigin, type ServerUrls, templateScope, tftpOrigin } from './scope.ts';
import { kernelScript, localBootScript } from './script.ts';

export interface BootPlan {
  /** A path below the TFTP root, or a URL; undefined: nothing is offered to boot. */
  readonly bootFile?: string | undefined;
  /**
   * Without a boot file. server: only where files are, since this client knows their names. local: firmware is told to go
   * on to its disk. Undefined: nothing about booting.
   */
  readonly instead?: 'server' | 'local' | undefined;
  /** One sentence for the log: which stage this is and why this file. */
  readonly reason: string;
}

/**
 * iPXE as Debian and iPXE's own builds name it. snponly.efi and undionly.kpxe drive the NIC through the firmware's
 * driver, which is known to work since it just fetched them; ipxe.efi's own drivers fail on some boards (peers S7).
 */
export const DEFAULT_FIRMWARE: Partial<Record<Arch, string>> = {
  bios: 'undionly.kpxe',
  'uefi-ia32': 'snponly-ia32.efi',
  'uefi-x64': 'snponly.efi',
  'uefi-arm32': 'snponly-arm32.efi',
  'uefi-arm64': 'snponly-arm64.efi',
  'uefi-riscv64': 'snponly-riscv64.efi',
  'uefi-loongarch64': 'snponly-loongarch64.efi',
};

/** The architecture whose program UEFI HTTP Boot wants: `uefi-x64-http` runs what `uefi-x64` runs. */
function programArch(arch: Arch): Arch {
  return arch.replace(/-http$/, '') as Arch;
}

/**
 * The boot program for a client's first stage: the profile's, a quirk's, the built-in one. Undefined when none of them
 * knows its architecture.
 */
export function firmwareFor(
  profile: Pick<Profile, 'firmware'>,
  arch: Arch | undefined,
  quirk?: string,
): string | undefined {
  if (arch === undefined) return quirk;
  const base = programArch(arch);
  return profile.firmware.get(arch) ?? profile.firmware.get(base) ?? quirk ?? DEFAULT_FIRMWARE[base];
}

const isUrl = (path: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(path);

/** `debian/my file` → `debian/my%20file`: one segment at a time, so that slashes stay. */
const encodePath = (path: string): string =>
  path.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/');

/** The URL of a file under the roots, by HTTP or TFTP; a URL stays as it is. */
export function fileUrl(path: string, server: ServerUrls, http: boolean): string {
  if (isUrl(path)) return path;
  return http
    ? `${httpOrigin(server)}/boot/${encodePath(path)}`
    : `${tftpOrigin(server)}/${encodePath(path)}`;
}

/** The virtual path of a machine's script for an iPXE without HTTP: see content. */
export function tftpScriptPath(facts: Pick<Facts, 'mac'>): string {
  return `ipxe/${hyphenMac(facts.mac)}.ipxe`;
}

/** What makes /ipxe choose the same profile again, also after a restart: the facts that fit into a URL. */
function scriptUrl(facts: Facts, server: ServerUrls): string {
  const query = new URLSearchParams({ mac: facts.mac });
  if (facts.arch !== undefined) query.set('arch', facts.arch);
  if (facts.uuid !== undefined) query.set('uuid', facts.uuid);
  return `${httpOrigin(server)}/ipxe?${query.toString().replaceAll('%3A', ':')}`;
}

const hasHttp = (facts: Facts): boolean => facts.ipxeFeatures?.has('http') === true;

function planFile(boot: BootMethod & { kind: 'file' }, facts: Facts, server: ServerUrls): BootPlan {
  const base = facts.arch === undefined ? undefined : programArch(facts.arch);
  const exact = facts.arch === undefined ? undefined : boot.byArch.get(facts.arch);
  const file =
    exact ?? (base === undefined ? undefined : boot.byArch.get(base)) ?? boot.byArch.get('default');
  if (file === undefined) {
    return { reason: `boot.file has nothing for ${facts.arch ?? `arch ${facts.archCode ?? 'unknown'}`}` };
  }
  if (facts.stage === 'http')
    return { bootFile: fileUrl(file, server, true), reason: 'boot.file, by UEFI HTTP Boot' };
  return { bootFile: file, reason: 'boot.file of the profile' };
}

function planIpxe(boot: BootMethod, facts: Facts, server: ServerUrls, adjust: Adjustment): BootPlan {
  if (boot.kind === 'script' && 'file' in boot) {
    return { bootFile: boot.file, reason: 'iPXE gets the script of its profile' };
  }
  if (hasHttp(facts)) return { bootFile: scriptUrl(facts, server), reason: 'iPXE gets its script by HTTP' };
  const path = tftpScriptPath(facts);
  const bootFile = adjust.tftpUrl === true ? fileUrl(path, server, false) : path;
  return { bootFile, reason: 'iPXE without HTTP gets its script by TFTP' };
}

function planFirmware(profile: Profile, facts: Facts, server: ServerUrls, adjust: Adjustment): BootPlan {
  const firmware = firmwareFor(profile, facts.arch, adjust.firmware);
  if (firmware === undefined) {
    const arch =
      facts.arch ?? (facts.archCode === undefined ? 'a client that names no arch' : `arch ${facts.archCode}`);
    return { reason: `no boot program is known for ${arch}: name one in boot.firmware` };
  }
  if (facts.stage === 'http') {
    return { bootFile: fileUrl(firmware, server, true), reason: 'UEFI HTTP Boot chains iPXE by URL' };
  }
  return {
    bootFile: firmware,
    reason:
      facts.stage === 'ipxe' ? 'this iPXE cannot do it: it chains ours first' : 'firmware chains iPXE first',
  };
}

/** U-Boot and Raspberry Pi know the names of their files, and take no program for PXE firmware. */
function planOwnNames({ boot, firmware }: Profile, facts: Facts): BootPlan {
  if (boot.kind === 'local') return { reason: 'local boot: told nothing, it goes on to its next device' };
  const program = facts.arch === undefined ? undefined : firmware.get(facts.arch);
  if (program !== undefined) return { bootFile: program, reason: 'boot.firmware of the profile' };
  const who = facts.stage === 'rpi' ? 'a Raspberry Pi' : 'U-Boot';
  return { instead: 'server', reason: `${who} asks for its files by their own names` };
}

/** The plan for one client and profile. Pure; scripts are rendered by renderScript when they are fetched. */
export function planBoot(
  facts: Facts,
  profile: Profile,
  server: ServerUrls,
  adjust: Adjustment = {},
): BootPlan {
  const { boot } = profile;
  if (facts.stage === 'other') return { reason: 'the client is not booting from the network' };
  if (boot.kind === 'none') return { reason: 'boot: none, network boots of it are not answered' };
  const ownNames = facts.stage === 'rpi' || facts.stage === 'uboot';
  if (boot.kind === 'file') {
    const plan = planFile(boot, facts, server);
    return plan.bootFile === undefined && ownNames ? planOwnNames(profile, facts) : plan;
  }
  if (ownNames) return planOwnNames(profile, facts);
  if (facts.stage === 'ipxe') {
    const another = adjust.chainIpxe === true && boot.kind !== 'local';
    return another ? planFirmware(profile, facts, server, adjust) : planIpxe(boot, facts, server, adjust);
  }
  if (boot.kind !== 'local') return planFirmware(profile, facts, server, adjust);
  if (facts.stage !== 'http') return { instead: 'local', reason: 'local boot: firmware goes on to its disk' };
  // It has no word for that, and asks again and again for a minute where it is told nothing; iPXE's script has one.
  return { ...planFirmware(profile, facts, server, adjust), reason: 'local boot, by way of iPXE' };
}

export interface RenderedScript {
  readonly text: string;
}

/** Who a script is rendered for. */
export interface ScriptFor {
  readonly facts: Facts;
  readonly machine: Machine | undefined;
  readonly profile: Profile;
  readonly server: ServerUrls;
  /** The address the client holds, if that is known. */
  readonly address: Ipv4 | undefined;
  /** Whether URLs inside the script may be HTTP; else TFTP. */
  readonly http: boolean;
}

/**
 * The iPXE script text for a client whose profile generates one; undefined for a profile whose script is a file, or
 * that boots something else than scripts. A template that fails is a fault with its own message.
 */
export function renderScript(who: ScriptFor): RenderedScript | { readonly fault: string } | undefined {
  const { boot } = who.profile;
  const scope = templateScope(who.facts, who.machine, who.profile, who.server, who.address);
  const url = (path: string): string => fileUrl(path.trim(), who.server, who.http);
  try {
    switch (boot.kind) {
      case 'kernel':
        return {
          text: kernelScript({
            title: `${who.profile.name} for ${scope.machine.name}`,
            kernel: url(boot.kernel.render(scope)),
            initrds: boot.initrd.map((initrd) => url(initrd.render(scope))),
            cmdline: boot.cmdline?.render(scope) ?? '',
          }),
        };
      case 'script':
        return 'text' in boot ? { text: boot.text.render(scope) } : undefined;
      case 'local':
        return { text: localBootScript(who.facts.arch !== undefined && isUefi(who.facts.arch)) };
      case 'file':
      case 'none':
        return undefined;
    }
  } catch (error) {
    if (error instanceof TemplateError) return { fault: error.message };
    throw error;
  }
}
