/** pilotlight.yaml → `Config`. */
import { dirname, resolve } from 'node:path';
import { checkValue } from '../yaml/check.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import { type Path, parseYaml, type YamlDocument } from '../yaml/document.ts';
import { deepFreeze } from '../yaml/freeze.ts';
import { readText, unreadable } from '../yaml/read.ts';
import { hasErrors, inFileOrder } from '../yaml/report.ts';
import { checkHost, type Host } from './host.ts';
import type { Config, LoopPolicy } from './model.ts';
import { encodeOptions, writtenOptions } from './options.ts';
import { checkQuirks } from './quirks.ts';
import { configSchema, type WrittenConfig } from './schema.ts';
import { checkSubnets } from './subnets.ts';

/** Where Debian's package ipxe puts its boot programs. */
const IPXE_DIRECTORY = '/usr/lib/ipxe';
const DEFAULT_FILE = 'pilotlight.yaml';
/** An installer's kernel and initrd, and then some. */
const DEFAULT_CACHE_BYTES = 512 * 1024 * 1024;

export interface LoadedConfig {
  /** Undefined when there is an error; warnings leave it standing. Deeply frozen. */
  readonly config: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads `file`. Without one: `pilotlight.yaml` in `cwd` when it is there, else safe defaults with every path relative
 * to `cwd`. Diagnostics name the file as it was given. With a `host`, they also tell what it lacks.
 */
export async function loadConfig(file: string | undefined, cwd: string, host?: Host): Promise<LoadedConfig> {
  const name = file ?? DEFAULT_FILE;
  const absolute = resolve(cwd, name);
  const read = await readText(absolute);
  if ('text' in read) {
    const { document, config, diagnostics } = parseConfig(read.text, name, absolute);
    if (document === undefined || config === undefined || host === undefined) return { config, diagnostics };
    const lacking = await checkHost(document, config, host);
    return { config, diagnostics: inFileOrder([...diagnostics, ...lacking]) };
  }
  if (file === undefined && read.missing) return { config: finish({}, undefined, cwd), diagnostics: [] };
  return { config: undefined, diagnostics: [unreadable(name, read.unreadable, read.place)] };
}

interface ParsedConfig extends LoadedConfig {
  /** Undefined when the file is empty, or no YAML. */
  readonly document: YamlDocument | undefined;
}

function parseConfig(text: string, name: string, absolute: string): ParsedConfig {
  const parsed = parseYaml(text, name);
  const [document, second] = parsed.documents;
  const diagnostics = [...parsed.diagnostics];
  if (second !== undefined) {
    const position = second.at([]);
    const message = 'a second document begins here, and the configuration is one document';
    diagnostics.push({
      severity: 'error',
      code: 'YAML_SYNTAX',
      position,
      message,
      hint: 'remove the line ---',
    });
  }
  let written: WrittenConfig = {};
  let subnets: Config['dhcp']['subnets'] = [];
  let quirks: Config['quirks'] = [];
  if (document !== undefined) {
    const checked = checkValue(configSchema, document);
    diagnostics.push(...checked.diagnostics);
    written = checked.value ?? {};
    const server = encodeOptions(document, writtenOptions(written.dhcp?.options, ['dhcp', 'options']));
    diagnostics.push(...server.diagnostics);
    const result = checkSubnets(document, server.options);
    subnets = result.subnets;
    diagnostics.push(...result.diagnostics);
    if (checked.value !== undefined) diagnostics.push(...checkMode(written, document));
    const own = checkQuirks(document);
    quirks = own.quirks;
    diagnostics.push(...own.diagnostics);
  }
  const config = hasErrors(diagnostics)
    ? undefined
    : finish(written, absolute, dirname(absolute), subnets, quirks);
  return { document, config, diagnostics: inFileOrder(diagnostics) };
}

/** Keys that are right by themselves and wrong together. */
function checkMode(written: WrittenConfig, document: YamlDocument): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report = (severity: Diagnostic['severity'], path: Path, message: string, hint: string) => {
    diagnostics.push({ severity, code: 'MODE_CONFLICT', position: document.keyAt(path), message, hint });
  };
  const mode = written.dhcp?.mode ?? 'proxy';
  if (mode === 'full') {
    const at = ['dhcp', 'mode'];
    if (written.interfaces === undefined) {
      const hint =
        'add interfaces: [eth1], with the NIC of the rack; another network must not get addresses by mistake';
      report('error', at, 'full mode requires interfaces', hint);
    }
    if ((written.dhcp?.subnets ?? []).length === 0) {
      const hint = 'add dhcp.subnets, each with subnet and pools, or use mode: proxy';
      report('error', at, 'full mode requires at least one subnet', hint);
    }
    return diagnostics;
  }
  for (const key of ['subnets', 'authoritative', 'conflictCheck', 'options', 'overload'] as const) {
    if (written.dhcp?.[key] === undefined) continue;
    report('warning', ['dhcp', key], `${key} has no effect in ${mode} mode`, 'it belongs to mode: full');
  }
  if (mode === 'off' && written.boot?.routerHint === 'on') {
    const message = 'routerHint has no effect in off mode';
    report('warning', ['boot', 'routerHint'], message, 'it is for machines whose DHCP is answered');
  }
  return diagnostics;
}

function finish(
  written: WrittenConfig,
  file: string | undefined,
  base: string,
  subnets: Config['dhcp']['subnets'] = [],
  quirks: Config['quirks'] = [],
): Config {
  const { dhcp, boot, tftp, limits } = written;
  const mode = dhcp?.mode ?? 'proxy';
  return deepFreeze({
    file,
    interfaces: written.interfaces,
    serverAddress: written.serverAddress,
    dhcp: {
      mode,
      authoritative: dhcp?.authoritative ?? true,
      conflictCheck: mode === 'full' ? (dhcp?.conflictCheck ?? 'arp') : 'off',
      subnets,
      overload: dhcp?.overload ?? false,
    },
    boot: {
      routerHint: mode === 'off' ? 'off' : (boot?.routerHint ?? 'auto'),
      loop: loopPolicy(boot?.loop),
    },
    limits: { clientRate: limits?.clientRate ?? 10, offers: limits?.offers ?? 65_536 },
    tftp: {
      root: resolve(base, tftp?.root ?? 'tftpboot'),
      search: (tftp?.search ?? [IPXE_DIRECTORY]).map((directory) => resolve(base, directory)),
      transferPort: tftp?.transferPort ?? 0,
      maxBlockSize: tftp?.maxBlockSize,
      maxWindow: tftp?.maxWindow ?? 64,
      cache: tftp?.cache ?? DEFAULT_CACHE_BYTES,
      maxTransfers: tftp?.maxTransfers ?? 4096,
    },
    http: { port: written.http?.port ?? 8080 },
    quirks,
    profiles: resolve(base, written.profiles ?? 'profiles'),
    machines: resolve(base, written.machines ?? 'machines'),
    state: resolve(base, written.state ?? 'state'),
    log: { level: written.log?.level ?? 'info' },
  });
}

function loopPolicy(written: NonNullable<WrittenConfig['boot']>['loop']): LoopPolicy | undefined {
  if (written === 'off') return undefined;
  return { times: written?.times ?? 3, within: (written?.within ?? 120) * 1000 };
}
