/** What pilotlight.yaml names and this host does not have: warnings, since it may be checked elsewhere than it serves. */
import { stat } from 'node:fs/promises';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { isMissing } from '../yaml/read.ts';
import { createReporter } from '../yaml/report.ts';
import type { Config } from './model.ts';

export interface Host {
  /** The names of its NICs. */
  readonly nics: readonly string[];
}

export async function checkHost(
  document: YamlDocument,
  config: Config,
  host: Host,
): Promise<readonly Diagnostic[]> {
  const { warning, diagnostics } = createReporter();
  for (const [index, name] of (config.interfaces ?? []).entries()) {
    if (host.nics.includes(name)) continue;
    const hint = `this host has ${host.nics.join(', ')}; where a named NIC is missing, the server does not start`;
    warning('NO_SUCH_NIC', document.at(['interfaces', index]), `there is no NIC ${name} here`, hint);
  }
  for (const { path, place } of namedPlaces(config)) {
    // Defaults need not be there.
    if (!document.has(path) || !(await isAbsent(place))) continue;
    const hint = 'correct the path, or make it; it may come later, and holds nothing until then';
    warning('FILE_MISSING', document.at(path), `${place} is not there`, hint);
  }
  return diagnostics;
}

/** What is read only; the state directory is made. */
function namedPlaces({ tftp, profiles, machines }: Config): { path: Path; place: string }[] {
  return [
    { path: ['tftp', 'root'], place: tftp.root },
    ...tftp.search.map((place, index) => ({ path: ['tftp', 'search', index], place })),
    { path: ['profiles'], place: profiles },
    { path: ['machines'], place: machines },
  ];
}

async function isAbsent(place: string): Promise<boolean> {
  return stat(place).then(() => false, isMissing);
}
