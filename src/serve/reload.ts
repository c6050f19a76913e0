/** What a reload of pilotlight.yaml changes while serving, and what it cannot. */
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/model.ts';
import type { Journal } from '../journal/record.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';

/** Sockets, roots and the store are made of these at start. */
const FIXED_AT_START = [
  'interfaces',
  'tftp',
  'http',
  'profiles',
  'machines',
  'state',
  'log',
] as const satisfies readonly (keyof Config)[];

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/**
 * The configuration from now on: the new subnets, options, limits, quirks and server address over the old sockets. A broken
 * file changes nothing. What needs a restart is named and left as it was.
 */
export function reloadedConfig(current: Config, loaded: LoadedConfig, journal: Journal, at: number): Config {
  const { config, diagnostics } = loaded;
  if (config === undefined) {
    const detail = 'pilotlight.yaml is broken: the configuration stays as it was';
    journal.write({ kind: 'reload', at, ok: false, detail, diagnostics: diagnostics.map(formatDiagnostic) });
    return current;
  }
  const waiting: string[] = FIXED_AT_START.filter((key) => differs(current[key], config[key]));
  for (const key of ['mode', 'conflictCheck'] as const) {
    if (current.dhcp[key] !== config.dhcp[key]) waiting.push(`dhcp.${key}`);
  }
  for (const key of ['routerHint', 'loop'] as const) {
    if (differs(current.boot[key], config.boot[key])) waiting.push(`boot.${key}`);
  }
  if (waiting.length > 0) {
    const message = `changed in pilotlight.yaml and in force only after a restart: ${waiting.join(', ')}`;
    journal.write({ kind: 'notice', at, level: 'warn', message });
  }
  return {
    ...current,
    serverAddress: config.serverAddress,
    limits: config.limits,
    quirks: config.quirks,
    dhcp: { ...config.dhcp, mode: current.dhcp.mode, conflictCheck: current.dhcp.conflictCheck },
  };
}
