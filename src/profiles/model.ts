/** Profiles and machines after checking, and the snapshot that a decision reads. All of it is frozen. */
import type { Arch } from '../boot/arch.ts';
import type { OptionSet } from '../config/model.ts';
import type { Ipv4, Subnet } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Diagnostic, Position } from '../yaml/diagnostic.ts';

/**
 * Text with `{{ }}`, parsed at load. render() throws TemplateError when a variable is missing (strict) or a filter
 * fails: the author's fault, told with the template's position.
 */
export interface Template {
  readonly source: string;
  readonly position: Position;
  render(scope: TemplateScope): string;
}

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** What templates see (design.md, contract). Plain data, no functions. */
export interface TemplateScope {
  readonly machine: {
    /** From the inventory, else the MAC with hyphens. */
    readonly name: string;
    readonly mac: string;
    readonly uuid?: string | undefined;
    readonly ip?: string | undefined;
    readonly vars: Readonly<Record<string, unknown>>;
  };
  readonly client: {
    readonly arch?: string | undefined;
    readonly vendorClass?: string | undefined;
    readonly userClass?: string | undefined;
  };
  readonly server: {
    readonly address: string;
    /** `http://10.11.11.1:8080/boot`: the files, without a trailing slash. */
    readonly httpUrl: string;
    /** `tftp://10.11.11.1`, without a trailing slash. */
    readonly tftpUrl: string;
  };
  readonly vars: Readonly<Record<string, unknown>>;
  readonly profile: { readonly name: string };
}

/** `match:`; an absent key holds for everyone; a list holds when any entry does. */
export interface Match {
  /** Exact or glob (`*`, `?`), lower case. */
  readonly mac?: readonly string[] | undefined;
  /** Names; a number in YAML is turned into its name, or kept as a number when the registry has none. */
  readonly arch?: readonly (Arch | number)[] | undefined;
  readonly uuid?: readonly string[] | undefined;
  /** Globs, case-sensitive. */
  readonly vendorClass?: readonly string[] | undefined;
  readonly userClass?: readonly string[] | undefined;
  readonly subnet?: readonly Subnet[] | undefined;
  readonly relay?:
    | {
        readonly circuitId?: readonly string[] | undefined;
        readonly remoteId?: readonly string[] | undefined;
      }
    | undefined;
}

/** What the machine boots in the end: exactly one way. */
export type BootMethod =
  | {
      readonly kind: 'kernel';
      readonly kernel: Template;
      readonly initrd: readonly Template[];
      readonly cmdline: Template | undefined;
    }
  /** An iPXE script: a file under the TFTP root (a templated one is rendered), or text beginning `#!ipxe`. */
  | { readonly kind: 'script'; readonly file: string }
  | { readonly kind: 'script'; readonly text: Template }
  /** Another boot program by architecture, given instead of iPXE's script; also to a ROM that is iPXE. */
  | { readonly kind: 'file'; readonly byArch: ReadonlyMap<Arch | 'default', string> }
  | { readonly kind: 'local' }
  | { readonly kind: 'menu'; readonly menu: BootMenu }
  /** A network boot is not answered at all. */
  | { readonly kind: 'none' };

/** `boot.menu`: whoever sits at the machine chooses. */
export interface BootMenu {
  /** One line that is shown with it. */
  readonly prompt: string;
  /** Seconds until the first item boots, 1 to 254; undefined: it waits for ever. */
  readonly timeout: number | undefined;
  readonly items: readonly MenuItem[];
}

export interface MenuItem {
  /** Printable ASCII. */
  readonly title: string;
  readonly boot: Extract<BootMethod, { kind: 'kernel' | 'script' | 'file' | 'local' }>;
}

export interface Profile {
  readonly name: string;
  readonly priority: number;
  readonly match: Match;
  readonly boot: BootMethod;
  /** First stages by architecture, over the built-in table. */
  readonly firmware: ReadonlyMap<Arch, string>;
  /** Undefined: as quirks say. */
  readonly uefiProxy?: 'binl' | 'discovery' | undefined;
  /** What a machine boots that asks for its first stage again and again (boot.loop); undefined: what it always boots. */
  readonly onLoop?: Extract<BootMethod, { kind: 'local' | 'file' }> | undefined;
  readonly options: OptionSet;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Path below /boot or the TFTP root → template, rendered for the asking machine. */
  readonly files: ReadonlyMap<string, Template>;
  readonly tests: readonly ProfileTest[];
  readonly position: Position;
}

/** One `tests:` entry: a client described as `explain` takes it, and what it must be told. */
export interface ProfileTest {
  readonly given: {
    readonly mac?: Mac | undefined;
    readonly arch?: Arch | number | undefined;
    readonly ipxe?: boolean | undefined;
    readonly uuid?: string | undefined;
    readonly vendorClass?: string | undefined;
    readonly userClass?: string | undefined;
    readonly giaddr?: Ipv4 | undefined;
    readonly circuitId?: string | undefined;
    readonly remoteId?: string | undefined;
  };
  readonly expect: {
    readonly profile?: string | undefined;
    readonly bootFile?: string | undefined;
    readonly nextServer?: string | undefined;
    /** A substring that the script must hold. */
    readonly script?: string | undefined;
  };
  readonly position: Position;
}

/** One machine of the inventory. */
export interface Machine {
  readonly macs: readonly Mac[];
  /** Canonical: lower case, with hyphens. */
  readonly uuid?: string | undefined;
  readonly name?: string | undefined;
  /** Its fixed address in full mode. */
  readonly ip?: Ipv4 | undefined;
  /** Over those of the server, the subnet and the profile. */
  readonly options: OptionSet;
  /** The profile it gets, whatever the profiles' own match says. */
  readonly profile?: string | undefined;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly position: Position;
}

export interface MachineIndex {
  readonly all: readonly Machine[];
  readonly byMac: ReadonlyMap<Mac, Machine>;
  readonly byUuid: ReadonlyMap<string, Machine>;
  readonly byIp: ReadonlyMap<Ipv4, Machine>;
}

/** All that profiles and machines say, at one moment. Replaced whole, never changed. */
export interface Inventory {
  /** Counts the swaps since start, from 1. */
  readonly version: number;
  /** In the order in which they are tried: priority, then specificity, then name. */
  readonly profiles: readonly Profile[];
  readonly machines: MachineIndex;
}

/** What loading brought: an inventory unless there were errors; warnings either way. */
export interface LoadResult {
  readonly inventory: Inventory | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Equal for two loads that read the same texts: then there is nothing to swap. Absent: unknown. */
  readonly fingerprint?: string | undefined;
}
