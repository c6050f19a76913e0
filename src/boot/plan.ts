/** Stage by stage, what a client is told to boot: the profile's method in the terms that this client understands. */
import {
  type BootMenu,
  type BootMethod,
  type Machine,
  type Profile,
  TemplateError,
} from '../profiles/model.ts';
import type { IpAddress } from '../values/ip.ts';
import { hyphenMac } from '../values/mac.ts';
import { type Arch, isUefi } from './arch.ts';
import type { Facts } from './facts.ts';
import { type FirmwareMenu, firmwareMenu, isForFirmware, menuScript } from './menu.ts';
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
  /** What firmware lets its user choose from; `bootFile` is then for a ROM that shows no menus. */
  readonly menu?: FirmwareMenu | undefined;
  /** One sentence for the log: which stage this is and why this file. */
  readonly reason: string;
}

/**
 * iPXE as Debian and iPXE's own builds name it; those of other processors, which iPXE builds under one name in a directory
 * each, as they are called where they lie side by side. snponly.efi and undionly.kpxe drive the NIC through the firmware's
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

/** Whether a file is named by a whole URL instead of a path below the roots. */
export const isUrl = (path: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(path);

/** Whether a URL names its host, so that whoever fetches it needs a name server. */
export function namesHost(url: string): boolean {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/:?#]+)/i.exec(url)?.[1];
  return host !== undefined && !/^\d{1,3}(?:\.\d{1,3}){3}$|^\[/.test(host);
}

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

/** The virtual path of a machine's script for an iPXE without HTTP, or of one item of its menu: see serve/render.ts. */
export function tftpScriptPath(facts: Pick<Facts, 'mac'>, item?: number): string {
  return `ipxe/${hyphenMac(facts.mac)}${item === undefined ? '' : `.${item}`}.ipxe`;
}

/**
 * What makes /ipxe choose the same profile again, also after a restart: the facts that fit into a URL. `item`: that of its
 * menu, counted from 1.
 */
function scriptUrl(facts: Facts, server: ServerUrls, item?: number): string {
  const query = new URLSearchParams({ mac: facts.mac });
  if (facts.arch !== undefined) query.set('arch', facts.arch);
  if (facts.uuid !== undefined) query.set('uuid', facts.uuid);
  if (item !== undefined) query.set('item', `${item}`);
  return `${httpOrigin(server)}/ipxe?${query.toString().replaceAll('%3A', ':')}`;
}

const hasHttp = (facts: Facts): boolean => facts.ipxeFeatures?.has('http') === true;

/** The boot program of `boot.file` for an architecture. */
export function fileFor(
  { byArch }: BootMethod & { kind: 'file' },
  { arch }: Pick<Facts, 'arch'>,
): string | undefined {
  const named = arch === undefined ? undefined : (byArch.get(arch) ?? byArch.get(programArch(arch)));
  return named ?? byArch.get('default');
}

function planFile(boot: BootMethod & { kind: 'file' }, facts: Facts, server: ServerUrls): BootPlan {
  const file = fileFor(boot, facts);
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

/**
 * A menu that firmware shows. Where one item is left there is nothing to choose, and UEFI firmware has been seen to make
 * nothing of such a menu (dnsmasq's pxe_uefi_workaround).
 */
function planMenu(menu: BootMenu, facts: Facts): BootPlan {
  const shown = firmwareMenu(menu, (boot) => fileFor(boot, facts));
  const bootFile = shown.items.find(({ file }) => file !== undefined)?.file;
  if (bootFile === undefined)
    return { instead: 'local', reason: 'of the menu, only the disk is for this firmware' };
  if (shown.items.length === 1) return { bootFile, reason: 'of the menu, one program is for this firmware' };
  return { bootFile, menu: shown, reason: `a menu of ${shown.items.length}, which firmware shows` };
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
  if (boot.kind === 'menu' && facts.stage === 'rom' && isForFirmware(boot.menu))
    return planMenu(boot.menu, facts);
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
  readonly address: IpAddress | undefined;
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
      case 'menu':
        return { text: renderMenu(boot.menu, who, scope.machine.name) };
      case 'file':
      case 'none':
        return undefined;
    }
  } catch (error) {
    if (error instanceof TemplateError) return { fault: error.message };
    throw error;
  }
}

/** Each item is a script of its own, except the disk: leaving a script that was chained only leads back here. */
function renderMenu(menu: BootMenu, { facts, profile, server, http }: ScriptFor, machine: string): string {
  const uefi = facts.arch !== undefined && isUefi(facts.arch);
  const items = menu.items.flatMap(({ title, boot }, index) => {
    if (boot.kind === 'local')
      return [{ title, commands: localBootScript(uefi).trimEnd().split('\n').slice(1) }];
    if (boot.kind === 'file' && fileFor(boot, facts) === undefined) return [];
    const item = index + 1;
    const url = http ? scriptUrl(facts, server, item) : fileUrl(tftpScriptPath(facts, item), server, false);
    return [{ title, commands: [`chain ${url} || goto failed`] }];
  });
  return menuScript(`${profile.name} for ${machine}`, menu, items);
}
