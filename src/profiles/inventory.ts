/** The directories of profiles and machines → one frozen inventory. */
import { createHash } from 'node:crypto';
import type { Mode } from '../config/model.ts';
import type { Subnet } from '../values/ipv4.ts';
import type { Diagnostic, Position } from '../yaml/diagnostic.ts';
import { deepFreeze } from '../yaml/freeze.ts';
import { createReporter, hasErrors, inFileOrder } from '../yaml/report.ts';
import { readMachines } from './machines.ts';
import type { Inventory, LoadResult, Profile } from './model.ts';
import { compareProfiles } from './order.ts';
import { readProfile } from './profile.ts';
import { createServedFiles } from './roots.ts';
import { placeSeenFrom, readSources } from './sources.ts';
import { createTemplateCompiler } from './template.ts';

export interface InventoryOptions {
  /** Absolute: a directory, which need not exist. */
  readonly profiles: string;
  /** Absolute: a directory or one file, which need not exist. */
  readonly machines: string;
  /** The TFTP roots, absolute, in the order in which they are tried: files that are in none are warned of. */
  readonly roots: readonly string[];
  /** What `Inventory.version` becomes. */
  readonly version: number;
  readonly mode: Mode;
  /** Of full mode: a fixed address outside all of them is warned of. */
  readonly subnets?: readonly Subnet[] | undefined;
  /** Called when all else is right, to run the profiles' tests. An error from it refuses the inventory. */
  readonly verify?: ((inventory: Inventory) => readonly Diagnostic[]) | undefined;
}

/** Reads everything anew and tells all that is wrong at once. Never throws for what a file holds. */
export async function loadInventory(options: InventoryOptions): Promise<LoadResult> {
  const reporter = createReporter();
  const profileSources = await readSources(options.profiles, false, reporter);
  const context = {
    directory: options.profiles,
    templates: createTemplateCompiler(),
    served: createServedFiles(options.roots),
  };
  const profiles: Profile[] = [];
  const texts = [...profileSources.texts];
  for (const document of profileSources.documents) {
    const checked = await readProfile(document, context);
    reporter.add(checked.diagnostics);
    texts.push(...checked.sources);
    if (checked.profile !== undefined) profiles.push(checked.profile);
  }
  reporter.add(sameNames(profiles));
  const profilesAreWhole = !hasErrors(reporter.diagnostics);

  const machineSources = await readSources(options.machines, true, reporter);
  const machines = readMachines(machineSources.documents, {
    reporter,
    profiles: profilesAreWhole ? new Set(profiles.map(({ name }) => name)) : undefined,
    subnets: options.mode === 'full' ? options.subnets : undefined,
  });
  const fingerprint = digest([...texts, ...machineSources.texts]);
  if (hasErrors(reporter.diagnostics)) return refused(reporter.diagnostics, fingerprint);

  profiles.sort(compareProfiles);
  const inventory: Inventory = deepFreeze({ version: options.version, profiles, machines });
  if (options.verify !== undefined) reporter.add(options.verify(inventory));
  if (hasErrors(reporter.diagnostics)) return refused(reporter.diagnostics, fingerprint);
  return deepFreeze({ inventory, diagnostics: inFileOrder(reporter.diagnostics), fingerprint });
}

function refused(diagnostics: readonly Diagnostic[], fingerprint: string): LoadResult {
  return deepFreeze({ inventory: undefined, diagnostics: inFileOrder(diagnostics), fingerprint });
}

function sameNames(profiles: readonly Profile[]): Diagnostic[] {
  const places = new Map<string, Position>();
  const diagnostics: Diagnostic[] = [];
  for (const { name, position } of profiles) {
    const earlier = places.get(name);
    if (earlier === undefined) {
      places.set(name, position);
      continue;
    }
    const message = `the profile ${name} stands at ${placeSeenFrom(position, earlier)} already`;
    diagnostics.push({
      severity: 'error',
      code: 'DUPLICATE_NAME',
      position,
      message,
      hint: 'give it another name',
    });
  }
  return diagnostics;
}

/** Of all texts with their lengths, so that no two lists of texts run together to the same bytes. */
function digest(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}
