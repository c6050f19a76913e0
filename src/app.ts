/** The wiring: every room made once, given what it needs, and taken down in the reverse order. */
import type { Logger } from 'pino';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/model.ts';
import { createContentResolver } from './content/resolve.ts';
import type { Requester } from './content/resolver.ts';
import { withTemplatedScripts } from './content/templated.ts';
import type { World } from './decide/decision.ts';
import { createHttpServer } from './http/server.ts';
import type { HttpClient } from './http/transfer.ts';
import { createJournal } from './journal/journal.ts';
import { createMetrics } from './journal/metrics.ts';
import { createVendors } from './journal/vendors.ts';
import { noLeaseStore } from './leases/none.ts';
import { openSqliteStore } from './leases/sqlite.ts';
import { createLeaseTable } from './leases/table.ts';
import type { Network, Nic } from './net/udp.ts';
import type { Inventory, LoadResult } from './profiles/model.ts';
import { watchInventory } from './profiles/watch.ts';
import { countLeases, createApiSource } from './serve/api.ts';
import { createClients } from './serve/clients.ts';
import { createClock } from './serve/clock.ts';
import { createDhcpService } from './serve/dhcp.ts';
import { missingFirmware } from './serve/firmware.ts';
import { loadFor, tellLoad } from './serve/inventory.ts';
import { createClientLimit } from './serve/limits.ts';
import { chooseNics } from './serve/nics.ts';
import { reloadedConfig } from './serve/reload.ts';
import { createRendering } from './serve/render.ts';
import { watchStore } from './serve/store-health.ts';
import { createTftpService } from './serve/tftp.ts';
import { describedWhere } from './serve/where.ts';
import { type Ipv4, parseIpv4 } from './values/ipv4.ts';

const DHCP_PORT = 67;
const PXE_PORT = 4011;

/** Bytes of whole files kept in memory: an installer's kernel and initrd, and then some. */
const CACHE_BYTES = 512 * 1024 * 1024;

export interface AppOptions {
  readonly config: Config;
  readonly network: Network;
  readonly log: Logger;
  readonly version: string;
  /** Whether people read the log: NIC vendors are named in it then. */
  readonly readable: boolean;
}

export interface App {
  readonly nics: readonly Nic[];
  /** Bound ports by use. */
  readonly ports: Readonly<Record<string, number>>;
  inventory(): Inventory;
  /** Reads configuration, profiles and machines again, as on SIGHUP. */
  reload(): Promise<void>;
  /** Stops serving; resolves when every socket and file is closed. */
  close(): Promise<void>;
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

interface LastLoad {
  readonly result: LoadResult;
  readonly at: number;
}

type Closer = () => void | Promise<void>;

/** Starts everything; when it resolves, every socket is bound. Throws NetError, StoreUnavailable or InventoryBroken. */
export async function startApp(options: AppOptions): Promise<App> {
  const closers: Closer[] = [() => options.network.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await wire(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function wire(options: AppOptions, closers: Closer[], close: () => Promise<void>): Promise<App> {
  const { network, log } = options;
  let config = options.config;
  const { nics, warnings } = chooseNics(config.interfaces, network.nics());
  const where = () => describedWhere(config, nics);

  const clock = createClock();
  closers.push(() => clock.close());
  const table = createLeaseTable(poolsOf(config));
  const metrics = createMetrics({ leases: () => countLeases(table, clock.wall()) });
  const vendors = createVendors();
  const journal = createJournal({ log, metrics, vendorOf: options.readable ? vendors.nameOf : undefined });
  const startedAt = clock.wall();
  for (const message of warnings) journal.write({ kind: 'notice', at: startedAt, level: 'warn', message });

  let lastLoad: LastLoad = { result: { inventory: undefined, diagnostics: [] }, at: startedAt };
  const watcher = watchInventory({
    load: (version) => loadFor(config, where(), version),
    paths: [config.profiles, config.machines],
    clock,
    onLoad(result) {
      // Broken at the very start: there is nothing to keep, and whoever started us is told instead.
      if (watcher.current() === undefined) return;
      lastLoad = { result, at: clock.wall() };
      table.setPools(poolsOf(config));
      tellLoad(journal, result, lastLoad.at);
    },
  });
  closers.push(() => watcher.close());
  const first = await watcher.reload();
  if (first.inventory === undefined) throw new InventoryBroken(first);
  const inventory = (): Inventory => watcher.current() ?? NOTHING;
  const missing = missingFirmware(config, first.inventory);
  if (missing.length > 0) {
    const message = `boot programs are missing: ${missing.join(', ')}; install Debian's package ipxe, or put them into ${config.tftp.root}`;
    journal.write({ kind: 'notice', at: clock.wall(), level: 'warn', message });
  }

  const { store, fault } = watchStore(
    config.dhcp.mode === 'full' ? openSqliteStore(config.state) : noLeaseStore(),
  );
  closers.push(() => store.close());
  await store.load((binding) => table.load(binding, startedAt));
  table.setPools(poolsOf(config));

  const world = (): World => ({
    policy: config.dhcp,
    inventory: inventory(),
    leases: table,
    limits: config.limits,
    serverAddress: config.serverAddress,
    httpPort: ports['http'] ?? config.http.port,
    now: clock.wall(),
  });
  const clients = createClients();
  const limit = createClientLimit(config.limits.clientRate);
  const rendering = createRendering(clients, world);
  const files = createContentResolver({
    roots: [config.tftp.root, ...config.tftp.search],
    virtual: rendering.virtual,
    cacheBytes: CACHE_BYTES,
    pin: network.pin,
  });
  const resolver = withTemplatedScripts(files, { scopeOf: rendering.scopeOfScript, pin: network.pin });

  const requester = (address: Ipv4 | undefined, localAddress: Ipv4): Requester => ({
    address,
    mac:
      address === undefined
        ? undefined
        : (clients.macAt(address) ?? table.at(address)?.mac ?? network.neighbour(address)),
    serverAddress: config.serverAddress ?? localAddress,
  });

  const { conflictCheck } = config.dhcp;
  const ports: Record<string, number> = {};
  for (const nic of nics) {
    if (config.dhcp.mode !== 'off') {
      const dhcp = createDhcpService({
        limit,
        network,
        nic,
        ports: [DHCP_PORT, PXE_PORT],
        table,
        store,
        clients,
        journal,
        world,
        probing: conflictCheck === 'off' ? undefined : { by: conflictCheck, clock },
      });
      closers.push(() => dhcp.close());
      Object.assign(ports, { dhcp: DHCP_PORT, pxe: PXE_PORT });
    }
    const tftp = createTftpService({
      network,
      nic,
      config: config.tftp,
      resolver,
      journal,
      clock,
      requester: (source, _path, localAddress) => requester(source, localAddress),
    });
    closers.push(() => tftp.close());
    ports['tftp'] = tftp.port;
  }

  const http = createHttpServer({
    port: config.http.port,
    content: resolver,
    requester: ({ remoteAddress, localAddress }: HttpClient) =>
      requester(parseIpv4(remoteAddress), parseIpv4(localAddress) ?? where().localAddress),
    journal,
    metrics,
    log,
    clock,
    vendors,
    api: createApiSource({
      version: options.version,
      startedAt,
      config: () => config,
      world,
      table,
      nics,
      ports: () => ports,
      where,
      rendering,
      lastLoad: () => lastLoad,
      storeFault: fault,
    }),
  });
  closers.push(() => http.close());
  ports['http'] = (await http.listen()).port;

  return {
    nics,
    ports,
    inventory,
    async reload() {
      const loaded = await loadConfig(config.file, process.cwd());
      config = reloadedConfig(config, loaded, journal, clock.wall());
      await watcher.reload();
    },
    close,
  };
}

/** Serves nobody; stands in only before the first load. */
const NOTHING: Inventory = {
  version: 0,
  profiles: [],
  machines: { all: [], byMac: new Map(), byUuid: new Map(), byIp: new Map() },
};

const poolsOf = (config: Config) => config.dhcp.subnets.flatMap((subnet) => subnet.pools);
