import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { describe, formatAll, runFixtures } from '../yaml/fixtures.ts';

runFixtures(join(import.meta.dirname, 'fixtures'), 'pilotlight.yaml', async (root) => {
  const { config, diagnostics } = await loadConfig(undefined, root);
  return formatAll(diagnostics) + (config === undefined ? '' : describe(config));
});
