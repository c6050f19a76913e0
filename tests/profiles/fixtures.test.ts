import { join } from 'node:path';
import { loadInventory } from '../../src/profiles/inventory.ts';
import { parseSubnet } from '../../src/values/ipv4.ts';
import { describe, formatAll, runFixtures } from '../yaml/fixtures.ts';

runFixtures(join(import.meta.dirname, 'fixtures'), 'profiles/profile.yaml', async (root) => {
  const { inventory, diagnostics } = await loadInventory({
    profiles: join(root, 'profiles'),
    machines: join(root, 'machines'),
    roots: [join(root, 'tftpboot')],
    version: 1,
    mode: 'full',
    subnets: [parseSubnet('10.11.11.0/24') ?? { network: 0, prefix: 0 }],
  });
  if (inventory === undefined) return formatAll(diagnostics);
  const { profiles, machines } = inventory;
  return formatAll(diagnostics) + describe({ profiles, machines: machines.all });
});
