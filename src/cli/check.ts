/** `pilotlight check`: everything that is wrong with configuration, profiles and machines, at once. */
import { loadConfig } from '../config/load.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { loadFor } from '../serve/inventory.ts';
import { describedWhere } from '../serve/where.ts';
import { hasErrors } from '../yaml/report.ts';
import { type ConfigFlag, printDiagnostics } from './load.ts';

export async function check(flags: ConfigFlag): Promise<void> {
  const { config, diagnostics } = await loadConfig(flags.config, process.cwd());
  printDiagnostics(diagnostics, process.stdout);
  if (config === undefined) {
    process.exitCode = 1;
    return;
  }
  const network = createLinuxNetwork();
  const loaded = await loadFor(config, describedWhere(config, network.nics()), 1);
  await network.close();
  printDiagnostics(loaded.diagnostics, process.stdout);
  if (loaded.inventory === undefined || hasErrors(loaded.diagnostics)) {
    process.exitCode = 1;
    return;
  }
  const { profiles, machines } = loaded.inventory;
  const tests = profiles.reduce((sum, profile) => sum + profile.tests.length, 0);
  const from = config.file ?? 'the defaults';
  process.stdout.write(
    `ok: ${from}, ${profiles.length} profiles, ${machines.all.length} machines, ${tests} profile tests\n`,
  );
}
