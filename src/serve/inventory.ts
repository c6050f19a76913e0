/** The inventory in force: loaded at start, reloaded when its files change, every load told to the journal. */
import { KNOWN_QUIRKS } from '../boot/known-quirks.ts';
import { quirkTable } from '../boot/quirks.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/model.ts';
import type { World } from '../decide/decision.ts';
import type { Where } from '../decide/explain.ts';
import { verifyProfiles } from '../decide/verify.ts';
import type { Journal } from '../journal/record.ts';
import { createLeaseTable } from '../leases/table.ts';
import { loadInventory } from '../profiles/inventory.ts';
import type { Inventory, LoadResult } from '../profiles/model.ts';
import { watchInventory } from '../profiles/watch.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { missingFirmware } from './firmware.ts';

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
    quirks: quirkTable(KNOWN_QUIRKS, config.quirks),
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
function tellLoad(journal: Journal, result: LoadResult, at: number): void {
  const { inventory } = result;
  journal.write({
    kind: 'reload',
    at,
    ok: inventory !== undefined,
    detail:
      inventory === undefined
        ? 'profiles or machines are broken: the last good ones stay in force'
        : `in force: profiles ${inventory.profiles.length}, machines ${inventory.machines.all.length}`,
    diagnostics: result.diagnostics.map(formatDiagnostic),
  });
}

/** The profiles or machines are broken at start, when there is no good inventory to keep. */
export class InventoryBroken extends Error {
  override readonly name = 'InventoryBroken';
  readonly result: LoadResult;
  constructor(result: LoadResult) {
    super('profiles or machines are broken');
    this.result = result;
  }
}

/** The newest load, good or not, and when it was in Unix milliseconds. */
export interface LastLoad {
  readonly result: LoadResult;
  readonly at: number;
}

export interface LiveInventory {
  /** The last good one. */
  current(): Inventory;
  lastLoad(): LastLoad;
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Loads and watches. Throws InventoryBroken when the very first load has errors. */
export async function startInventory(options: {
  readonly config: () => Config;
  readonly where: () => Where;
  readonly clock: Clock;
  readonly journal: Journal;
  /** After each load, good or not, once there was a good one. */
  readonly onLoad: () => void;
}): Promise<LiveInventory> {
  const { config, clock, journal } = options;
  let lastLoad: LastLoad = { result: { inventory: undefined, diagnostics: [] }, at: clock.wall() };
  const { profiles, machines } = config();
  const watcher = watchInventory({
    load: (version) => loadFor(config(), options.where(), version),
    paths: [profiles, machines],
    clock,
    onLoad(result) {
      // Broken at the very start: whoever started us is told instead.
      if (watcher.current() === undefined) return;
      lastLoad = { result, at: clock.wall() };
      options.onLoad();
      tellLoad(journal, result, lastLoad.at);
    },
  });
  const first = await watcher.reload();
  const { inventory } = first;
  if (inventory === undefined) {
    await watcher.close();
    throw new InventoryBroken(first);
  }
  tellMissingFirmware(config(), inventory, journal, clock.wall());
  return {
    current: () => watcher.current() ?? inventory,
    lastLoad: () => lastLoad,
    reload: async () => void (await watcher.reload()),
    close: () => watcher.close(),
  };
}

function tellMissingFirmware(config: Config, inventory: Inventory, journal: Journal, at: number): void {
  const missing = missingFirmware(config, inventory);
  if (missing.length === 0) return;
  const message = `boot programs are missing: ${missing.join(', ')}; install Debian's package ipxe, or put them into ${config.tftp.root}`;
  journal.write({ kind: 'notice', at, level: 'warn', message });
}
