/** `pilotlight check`: everything that is wrong with configuration, profiles and machines, at once. */
import { loadConfig } from '../config/load.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { loadFor } from '../serve/inventory.ts';
import { describedWhere } from '../serve/where.ts';
import { hasErrors } from '../yaml/report.ts';
import { type ConfigFlag, printDiagnostics } from './load.ts';

export async function check(flags: ConfigFlag): Promise<void> {
  const network = createLinuxNetwork();
  const nics = network.nics();
  await network.close();
  const host = { nics: nics.map(({ name }) => name) };
  const { config, diagnostics } = await loadConfig(flags.config, process.cwd(), host);
  printDiagnostics(diagnostics, process.stdout);
  if (config === undefined) {
    process.exitCode = 1;
    return;
  }
  const loaded = await loadFor(config, describedWhere(config, nics), 1);
  printDiagnostics(loaded.diagnostics, process.stdout);
  if (loaded.inventory === undefined || hasErrors(loaded.diagnostics)) {
    process.exitCode = 1;
    return;
  }
  const { profiles, machines } = loaded.inventory;
  const tests = profiles.reduce((sum, profile) => sum + profile.tests.length, 0);
  const found = [
    config.file ?? 'the defaults',
    counted(profiles.length, 'profile'),
    counted(machines.all.length, 'machine'),
    counted(tests, 'profile test'),
  ];
  process.stdout.write(`ok: ${found.join(', ')}\n`);
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
