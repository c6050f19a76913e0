/** What Prometheus reads: counters fed by the journal, gauges asked for when it scrapes. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JournalRecord, ReloadRecord, TransferRecord } from './record.ts';
import { createTally } from './tally.ts';

export interface Metrics {
  /** Counts one record of the journal. */
  record(record: JournalRecord): void;
  /** Counts one answered HTTP request; `route` is the pattern, never the path. */
  httpRequest(method: string, route: string, status: number): void;
  /** The whole exposition, as text. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** How many bindings are in each state now; asked at each scrape. */
  readonly leases?: (() => Readonly<Record<string, number>>) | undefined;
  /** How full each pool is now; asked at each scrape. */
  readonly pools?: (() => Iterable<PoolFill>) | undefined;
  /** Whether leases can be written now; asked at each scrape. */
  readonly storeWorks?: (() => boolean) | undefined;
  /** Figures of the process and of Node, under their customary names. Default true. */
  readonly process?: boolean | undefined;
}

/** One pool: two series each, since a site may have a thousand. */
export interface PoolFill {
  readonly pool: string;
  /** Addresses. */
  readonly size: number;
  /** What a new client can get. */
  readonly free: number;
}

/** Seconds; a first-stage program takes milliseconds, an installer's initrd over TFTP minutes. */
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300];

/** A registry of its own: two servers in one process (a test) do not share figures. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  if (options.leases !== undefined) addLeaseGauge(registry, options.leases);
  if (options.storeWorks !== undefined) addStoreGauge(registry, options.storeWorks);
  if (options.pools !== undefined) addPoolGauges(registry, options.pools);
  const count = createCounters(registry);

  return {
    record(record) {
      switch (record.kind) {
        case 'decision':
          count.messages.add(1, record.message, record.reply ?? 'none', record.port);
          if (record.code !== undefined) count.ignored.add(1, record.code);
          break;
        case 'malformed':
          count.malformed.add(1, record.port, record.code);
          break;
        case 'transfer':
          count.transfer(record);
          break;
        case 'reload':
          count.reload(record);
          break;
        case 'hint':
          count.hints.add(1);
          break;
        case 'notice':
          count.notices.add(1, record.level);
          if (record.code === 'ADDRESS_IN_USE') count.conflicts.add(1);
          if (record.code === 'BOOT_LOOP') count.loops.add(1);
          break;
      }
    },
    httpRequest(method, route, status) {
      count.requests.add(1, method, route, status);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createCounters(registry: Registry) {
  const tally = createTally(registry);
  const transfers = {
    tftp: tally('tftp_transfers_total', 'TFTP transfers by what became of them.', ['event']),
    http: tally('http_transfers_total', 'Boot files and scripts asked for by HTTP.', ['event']),
  };
  const bytes = {
    tftp: tally('tftp_bytes_total', 'Bytes of files sent by TFTP.', []),
    http: tally('http_bytes_total', 'Bytes of files sent by HTTP.', []),
  };
  const resent = tally('tftp_retransmissions_total', 'TFTP blocks that were sent again.', []);
  const reloads = tally('profile_reloads_total', 'Loads of profiles and machines.', ['result']);
  const duration = new Histogram({
    name: 'pilotlight_transfer_duration_seconds',
    help: 'Time that finished transfers took.',
    labelNames: ['protocol'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  const reloadOk = new Gauge({
    name: 'pilotlight_profile_last_reload_success',
    help: '1 when the newest load of profiles and machines was good, 0 when an older inventory stays in force.',
    registers: [registry],
  });
  return {
    messages: tally(
      'dhcp_messages_total',
      'DHCP and PXE messages by type, by reply (none: ignored), and by the port they came to.',
      ['message', 'reply', 'port'],
    ),
    ignored: tally('dhcp_ignored_total', 'Messages that got no answer, by why.', ['code']),
    malformed: tally('dhcp_malformed_total', 'Datagrams that are no message, on any port.', ['port', 'code']),
    conflicts: tally('dhcp_conflicts_total', 'Addresses kept out because somebody answered a probe.', []),
    hints: tally('router_hints_total', 'Booting machines told that there is no IPv6 router.', []),
    loops: tally('boot_loops_total', 'Machines that were told one boot file again and again.', []),
    notices: tally('notices_total', 'Notices to the operator, by level.', ['level']),
    requests: tally('http_requests_total', 'HTTP requests by route.', ['method', 'route', 'status']),
    transfer(record: TransferRecord) {
      // Its bytes are counted at the end.
      if (record.event === 'progress') return;
      transfers[record.protocol].add(1, record.event);
      bytes[record.protocol].add(record.bytes ?? 0);
      resent.add(record.retransmissions ?? 0);
      if (record.event === 'done' && record.milliseconds !== undefined) {
        duration.observe({ protocol: record.protocol }, record.milliseconds / 1000);
      }
    },
    reload(record: ReloadRecord) {
      reloads.add(1, record.ok ? 'ok' : 'broken');
      reloadOk.set(record.ok ? 1 : 0);
    },
  };
}

function addLeaseGauge(registry: Registry, leases: () => Readonly<Record<string, number>>): void {
  const gauge: Gauge<'state'> = new Gauge({
    name: 'pilotlight_leases',
    help: 'Bindings by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      gauge.reset();
      for (const [state, total] of Object.entries(leases())) gauge.set({ state }, total);
    },
  });
}

function addPoolGauges(registry: Registry, pools: () => Iterable<PoolFill>): void {
  const size: Gauge<'pool'> = new Gauge({
    name: 'pilotlight_pool_addresses',
    help: 'Addresses of each pool.',
    labelNames: ['pool'],
    registers: [registry],
    collect() {
      size.reset();
      free.reset();
      for (const each of pools()) {
        size.set({ pool: each.pool }, each.size);
        free.set({ pool: each.pool }, each.free);
      }
    },
  });
  const free: Gauge<'pool'> = new Gauge({
    name: 'pilotlight_pool_free_addresses',
    help: 'Addresses of each pool that a new client can get.',
    labelNames: ['pool'],
    registers: [registry],
  });
}

function addStoreGauge(registry: Registry, works: () => boolean): void {
  const gauge: Gauge = new Gauge({
    name: 'pilotlight_lease_store_up',
    help: '1 when leases can be written, 0 when not: no new leases are given out then.',
    registers: [registry],
    collect: () => gauge.set(works() ? 1 : 0),
  });
}
