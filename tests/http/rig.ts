/** A whole HTTP server over real files in a temporary directory, with an API source that answers constants. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../src/clock.ts';
import { createContentResolver } from '../../src/content/resolve.ts';
import type { ContentResolver, Requester } from '../../src/content/resolver.ts';
import type { ApiSource, ExplainQuery, ScriptQuery } from '../../src/http/api.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import type { HttpClient } from '../../src/http/transfer.ts';
import { type BootJournal, createJournal } from '../../src/journal/journal.ts';
import { createLog } from '../../src/journal/log.ts';
import { createMetrics } from '../../src/journal/metrics.ts';
import type { TransferRecord } from '../../src/journal/record.ts';
import { parseIpv4 } from '../../src/values/ipv4.ts';

export const NODE1 = '52:54:00:aa:00:01';

export interface LogLine {
  readonly level?: number;
  readonly msg?: string;
  readonly err?: unknown;
}

export interface Rig {
  readonly root: string;
  readonly server: HttpServer;
  readonly journal: BootJournal;
  /** What the API source was asked, in order. */
  readonly asked: {
    readonly explain: ExplainQuery[];
    readonly script: ScriptQuery[];
    readonly clients: HttpClient[];
  };
  /** Every line of the log, parsed. */
  readonly lines: LogLine[];
  transfers(): TransferRecord[];
  armedTimers(): readonly string[];
  close(): Promise<void>;
}

export interface RigOptions {
  readonly port?: number;
  readonly level?: 'debug' | 'info';
  readonly content?: (resolver: ContentResolver) => ContentResolver;
  readonly api?: Partial<ApiSource>;
  readonly requesterMac?: string;
  /** Bytes; larger files are streamed from disk. */
  readonly wholeFileBytes?: number;
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const root = await mkdtemp(join(tmpdir(), 'pl-http-'));
  const clock = createClock();
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: options.level ?? 'info', pretty: false, destination });
  const metrics = createMetrics({ process: false, leases: () => ({ bound: 3 }) });
  const journal = createJournal({ log, metrics });
  const asked: Rig['asked'] = { explain: [], script: [], clients: [] };
  const resolver = createContentResolver({
    roots: [root],
    cacheBytes: 1 << 24,
    wholeFileBytes: options.wholeFileBytes,
    pin: (bytes) => ({ bytes, address: 0, size: bytes.length }),
  });
  const server = createHttpServer({
    host: '127.0.0.1',
    port: options.port ?? 0,
    content: options.content?.(resolver) ?? resolver,
    requester: (client): Requester => {
      asked.clients.push(client);
      const [address, serverAddress = 0] = [client.remoteAddress, client.localAddress].map(parseIpv4);
      return { address, mac: options.requesterMac, serverAddress };
    },
    journal,
    metrics,
    log,
    clock,
    api: { ...constantApi(asked), ...options.api },
  });
  return {
    root,
    server,
    journal,
    asked,
    lines,
    transfers: () => journal.recent().filter((record) => record.kind === 'transfer'),
    armedTimers: clock.armed,
    async close() {
      await server.close();
      clock.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function constantApi(asked: Rig['asked']): ApiSource {
  return {
    leases: () => [
      {
        ip: '10.11.11.50',
        mac: NODE1,
        clientId: null,
        hostname: 'node1',
        state: 'bound',
        expiresAt: '2030-01-01T00:00:00.000Z',
      },
    ],
    pools: () => [],
    profiles: () => [
      {
        name: 'razor',
        priority: 0,
        match: {},
        boot: 'script',
        position: { file: 'razor.yaml', line: 1, column: 1 },
      },
    ],
    machines: () => [{ macs: [NODE1], name: 'node1', ip: '10.11.11.10', profile: 'razor' }],
    status: () => ({
      version: '0.1.0',
      startedAt: '2030-01-01T00:00:00.000Z',
      mode: 'proxy',
      nics: [],
      ports: {},
      inventory: {
        version: 1,
        loadedAt: '2030-01-01T00:00:00.000Z',
        profiles: 1,
        machines: 1,
        ok: true,
        diagnostics: [],
      },
      leases: {},
      pools: [],
    }),
    explain(query) {
      asked.explain.push(query);
      return {
        profile: 'razor',
        machine: null,
        decision: 'DISCOVER → OFFER',
        quirks: [],
        reasons: [{ profile: 'razor', matched: true, reason: 'matches every client' }],
        reply: {
          type: 'OFFER',
          address: null,
          bootFile: 'undionly.kpxe',
          nextServer: '10.11.11.1',
          options: {},
          script: null,
        },
      };
    },
    script(query) {
      asked.script.push(query);
      return { text: `#!ipxe\necho ${query.mac ?? query.requesterMac}\n` };
    },
    health: () => ({ ok: true, reasons: [] }),
    ready: () => ({ ok: true, reasons: [] }),
  };
}

/** Waits until the condition holds; fails after five seconds, saying what did not come. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not happen within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
