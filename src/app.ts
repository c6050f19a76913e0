/** The wiring: every room made once, given what it needs, and taken down in the reverse order. */
import type { Logger } from 'pino';
import { KNOWN_QUIRKS } from './boot/known-quirks.ts';
import { quirkTable } from './boot/quirks.ts';
import { type Clock, createClock } from './clock.ts';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/model.ts';
import { createContentResolver } from './content/resolve.ts';
import type { ContentResolver } from './content/resolver.ts';
import { withTemplatedScripts } from './content/templated.ts';
import type { World } from './decide/decision.ts';
import { createHttpServer } from './http/server.ts';
import type { HttpClient } from './http/transfer.ts';
import { createJournal } from './journal/journal.ts';
import { createMetrics } from './journal/metrics.ts';
import { createVendors } from './journal/vendors.ts';
import { startLanes } from './lanes/lanes.ts';
import { runningLease } from './leases/holder.ts';
import { noLeaseStore } from './leases/none.ts';
import { openSqliteStore } from './leases/sqlite.ts';
import { createLeaseTable } from './leases/table.ts';
import type { RouterDiscovery } from './net/router-discovery.ts';
import type { Ipv6Network, Network, Nic, ThreadNetwork } from './net/udp.ts';
import type { Inventory } from './profiles/model.ts';
import { countLeases, createApiSource } from './serve/api.ts';
import { createBootHistory } from './serve/boot-history.ts';
import { createClients } from './serve/clients.ts';
import { startControl } from './serve/control.ts';
import { tellExhaustion } from './serve/exhaustion.ts';
import { startInventory } from './serve/inventory.ts';
import { ipVersions } from './serve/ip-versions.ts';
import { createClientLimit } from './serve/limits.ts';
import { type NicServicesOptions, openNicServices } from './serve/nic-services.ts';
import { chooseNics } from './serve/nics.ts';
import { poolEntries } from './serve/pools.ts';
import { reloadedConfig } from './serve/reload.ts';
import { createRendering, type Rendering } from './serve/render.ts';
import { createRequesters } from './serve/requester.ts';
import { createRouterHints } from './serve/router-hints.ts';
import { type ServedNics, serveNics } from './serve/served-nics.ts';
import { watchStore } from './serve/store-health.ts';
import { describedWhere } from './serve/where.ts';
import { parseIp } from './values/ip.ts';

export interface AppOptions {
  readonly config: Config;
  readonly network: Network & Ipv6Network & ThreadNetwork & RouterDiscovery;
  readonly log: Logger;
  readonly version: string;
  /** Whether people read the log: NIC vendors are named in it then. */
  readonly readable: boolean;
}

export interface App {
  /** Those served now. */
  nics(): readonly Nic[];
  /** Bound ports by use. */
  readonly ports: Readonly<Record<string, number>>;
  inventory(): Inventory;
  /** Reads configuration, profiles and machines again, as on SIGHUP. */
  reload(): Promise<void>;
  /** Stops serving; resolves when every socket and file is closed. */
  close(): Promise<void>;
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
  const chosen = chooseNics(config.interfaces, network.nics());
  let served: ServedNics | undefined;
  const nics = (): readonly Nic[] => served?.nics() ?? chosen;
  const where = () => describedWhere(config, nics());

  const clock = createClock();
  closers.push(() => clock.close());
  const startedAt = clock.wall();
  const table = createLeaseTable(poolsOf(config));
  const metrics = createMetrics({
    leases: () => countLeases(table, clock.wall()),
    storeWorks: () => fault() === undefined,
    pools: () => poolEntries(table, config.dhcp, inventory.current().machines.byIp.keys()),
  });
  const vendors = createVendors();
  const journal = createJournal({ log, metrics, vendorOf: options.readable ? vendors.nameOf : undefined });

  const inventory = await startInventory({
    config: () => config,
    where,
    clock,
    journal,
    onLoad: () => table.setPools(poolsOf(config)),
  });
  closers.push(() => inventory.close());

  const opened = config.dhcp.mode === 'full' ? openSqliteStore(config.state) : noLeaseStore();
  const { store, fault } = watchStore({ store: opened, journal, clock });
  closers.push(() => store.close());
  await store.load((binding) => table.load(binding, startedAt));
  table.setPools(poolsOf(config));
  // A disk that is full already is told of now. Machines that have their leases are served all the same.
  if (config.dhcp.mode === 'full') await store.commit([]).catch(() => {});

  const ports: Record<string, number> = {};
  const history = createBootHistory(config.boot.loop);
  let quirks = quirkTable(KNOWN_QUIRKS, config.quirks);
  const world = (): World => ({
    policy: config.dhcp,
    inventory: inventory.current(),
    leases: table,
    limits: config.limits,
    serverAddress: config.serverAddress,
    isOurs: (ip) => nics().some(({ addresses }) => addresses.some(({ address }) => address === ip)),
    httpPort: ports['http'] ?? config.http.port,
    quirks,
    isLooping: history.isLooping,
    storeFault: fault(),
    now: clock.wall(),
  });
  const clients = createClients();
  const rendering = createRendering(clients, world);
  const resolver = contentOf(config, rendering, network, clock);
  const requester = createRequesters({
    leased: (address) => runningLease(address, table, clock.wall())?.mac,
    seen: clients.macAt,
    neighbour: network.neighbour,
    neighbour6: network.neighbour6,
    serverAddress: () => config.serverAddress,
  });

  const versions = ipVersions({ network, journal, clock });
  const lanes = startLanes(network);
  closers.push(() => lanes.close());
  const limit = createClientLimit(() => config.limits.clientRate);
  const { routerHint } = config.boot;
  const services: NicServicesOptions = {
    policy: config.dhcp,
    hints:
      routerHint === 'off'
        ? undefined
        : createRouterHints({ network, clock, clients, journal, policy: routerHint }),
    dhcp: { network, table, store, clients, history, clock, limit, journal: tellExhaustion(journal), world },
    tftp: {
      network,
      versions,
      lanes,
      config: config.tftp,
      resolver,
      journal,
      clock,
      requester,
    },
  };
  const running = serveNics({
    network,
    clock,
    journal,
    named: config.interfaces,
    chosen,
    subnets: () => subnetsOf(config),
    open(nic) {
      const opened = openNicServices(services, nic);
      Object.assign(ports, opened.ports);
      return opened;
    },
  });
  served = running;
  closers.push(() => running.close());

  const api = createApiSource({
    version: options.version,
    startedAt,
    config: () => config,
    world,
    table,
    nics,
    ports: () => ports,
    where,
    rendering,
    lastLoad: inventory.lastLoad,
    storeFault: fault,
    nicFaults: running.faults,
  });
  const http = createHttpServer({
    // A socket on :: takes IPv4 too, whatever net.ipv6.bindv6only says.
    host: versions.includes(6) ? '::' : '0.0.0.0',
    port: config.http.port,
    content: resolver,
    requester: ({ remoteAddress, localAddress, nic, path }: HttpClient) =>
      requester(
        parseIp(remoteAddress),
        path,
        parseIp(localAddress) ?? where().localAddress,
        nics().find(({ name }) => name === nic),
      ),
    journal,
    metrics,
    log,
    clock,
    vendors,
    api,
  });
  closers.push(() => http.close());
  ports['http'] = (await http.listen()).port;
  if (config.dhcp.mode === 'full') {
    const directory = config.state;
    const control = await startControl({ directory, api, table, store, journal, log, now: clock.wall });
    closers.push(() => control.close());
  }

  return {
    nics,
    ports,
    inventory: inventory.current,
    async reload() {
      const loaded = await loadConfig(config.file, process.cwd());
      config = reloadedConfig(config, loaded, journal, clock.wall());
      quirks = quirkTable(KNOWN_QUIRKS, config.quirks);
      await inventory.reload();
    },
    close,
  };
}

/** Files below the roots and what is rendered for the machine that asks, for TFTP and HTTP alike. */
function contentOf(config: Config, rendering: Rendering, { pin }: Network, clock: Clock): ContentResolver {
  const files = createContentResolver({
    roots: [config.tftp.root, ...config.tftp.search],
    virtual: rendering.virtual,
    cacheBytes: config.tftp.cache,
    pin,
    now: clock.now,
  });
  return withTemplatedScripts(files, { scopeOf: rendering.scopeOfScript, pin });
}

const subnetsOf = ({ dhcp }: Config) =>
  dhcp.mode === 'full' ? dhcp.subnets.map(({ subnet }) => subnet) : undefined;
const poolsOf = (config: Config) => config.dhcp.subnets.flatMap((subnet) => subnet.pools);
