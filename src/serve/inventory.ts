/** The inventory in force: loaded at start, reloaded when its files change, every load told to the journal. */
import type { Config } from '../config/model.ts';
import type { World } from '../decide/decision.ts';
import type { Where } from '../decide/explain.ts';
import { verifyProfiles } from '../decide/verify.ts';
import type { Journal } from '../journal/record.ts';
import { createLeaseTable } from '../leases/table.ts';
import { loadInventory } from '../profiles/inventory.ts';
import type { Inventory, LoadResult } from '../profiles/model.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';

/**
 * Loads profiles and machines as a configuration says, and runs the profiles' tests as that server would answer on
 * `where`, with no lease given out yet.
 */
export function loadFor(config: Config, where: Where, version: number): Promise<LoadResult> {
  const world: Omit<World, 'inventory'> = {
    policy: config.dhcp,
    leases: createLeaseTable(config.dhcp.subnets.flatMap((subnet) => subnet.pools)),
    limits: config.limits,
    serverAddress: config.serverAddress,
    httpPort: config.http.port,
    now: Date.now(),
  };
  return loadInventory({
    profiles: config.profiles,
    machines: config.machines,
    roots: [config.tftp.root, ...config.tftp.search],
    version,
    mode: config.dhcp.mode,
    subnets: config.dhcp.subnets.map(({ subnet }) => subnet),
    verify: (inventory: Inventory) => verifyProfiles(inventory, world, where),
  });
}

/** Puts the outcome of a load into the journal. */
export function tellLoad(journal: Journal, result: LoadResult, at: number): void {
  const { inventory } = result;
  journal.write({
    kind: 'reload',
    at,
    ok: inventory !== undefined,
    detail:
      inventory === undefined
        ? 'profiles or machines are broken: the last good ones stay in force'
        : `${inventory.profiles.length} profiles and ${inventory.machines.all.length} machines are in force`,
    diagnostics: result.diagnostics.map(formatDiagnostic),
  });
}
