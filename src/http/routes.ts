/** The JSON API, metrics and health. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { BootJournal } from '../journal/journal.ts';
import type { Metrics } from '../journal/metrics.ts';
import type { Vendors } from '../journal/vendors.ts';
import {
  type ApiSource,
  Event,
  Explanation,
  Health,
  MachineDetail,
  MachineEntry,
  ProfileEntry,
  Status,
  type Verdict,
} from './api.ts';
import { describe } from './describe.ts';
import type { EventStreams } from './events.ts';
import { addLeaseRoutes } from './leases.ts';
import { byMac, eventOf, machineEntry, machineList } from './machines.ts';
import { EventParameters, ExplainParameters, MachineParameters } from './queries.ts';

export interface RouteDeps {
  readonly api: ApiSource;
  readonly journal: BootJournal;
  readonly metrics: Metrics;
  readonly vendors: Vendors;
  readonly streams: EventStreams;
}

const EVENT_LIMIT = 100;

export function addApiRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const { api } = deps;
  addLeaseRoutes(app, api);
  app.get('/v1/profiles', describe('Profiles, in the order they are tried', z.array(ProfileEntry)), () =>
    api.profiles(),
  );
  app.get('/v1/status', describe('What this server is and does', Status), () => api.status());
  app.get<{ Querystring: z.output<typeof ExplainParameters> }>(
    '/v1/explain',
    describe('What a client would get, and why', Explanation, { querystring: ExplainParameters }),
    (request) => api.explain(request.query),
  );
  addMachineRoutes(app, deps);
  addEventRoute(app, deps);
  addOperationRoutes(app, deps);
}

function addMachineRoutes(app: FastifyInstance, { api, journal, vendors }: RouteDeps): void {
  app.get('/v1/machines', describe('Machines known or seen', z.array(MachineEntry)), async () => {
    await vendors.ready();
    return machineList(journal.machines(), await api.machines(), vendors.nameOf);
  });
  app.get<{ Params: z.output<typeof MachineParameters> }>(
    '/v1/machines/:mac',
    describe('One machine and its last events', MachineDetail, { params: MachineParameters }),
    async (request, reply) => {
      const { mac } = request.params;
      const story = journal.machine(mac);
      const known = byMac(await api.machines()).get(mac);
      if (story === undefined && known === undefined) {
        return sendError(reply, 404, 'NOT_FOUND', `no machine ${mac} is known or was seen since start`);
      }
      await vendors.ready();
      const entry = machineEntry(mac, story, known, vendors.nameOf(mac));
      return { ...entry, events: (story?.records ?? []).map(eventOf) };
    },
  );
}

function addEventRoute(app: FastifyInstance, { journal, streams }: RouteDeps): void {
  app.get<{ Querystring: z.output<typeof EventParameters> }>(
    '/v1/events',
    describe('The newest events; followed live when asked as text/event-stream', z.array(Event), {
      querystring: EventParameters,
    }),
    async (request, reply) => {
      const { mac, limit } = request.query;
      if (request.method === 'HEAD' || !wantsEventStream(request.headers.accept)) {
        return journal.recent({ mac, limit: limit ?? EVENT_LIMIT }).map(eventOf);
      }
      // A stream begins now, and with the past only when a number of events is asked for.
      reply.hijack();
      if (!streams.open(reply.raw, { mac, backlog: limit ?? 0 })) {
        const body = JSON.stringify({ error: 'TOO_MANY', message: 'too many event streams are open' });
        reply.raw.writeHead(503, { 'content-type': 'application/json; charset=utf-8' }).end(body);
      }
      return reply;
    },
  );
}

function wantsEventStream(accept: string | undefined): boolean {
  return accept?.split(',').some((type) => /^\s*text\/event-stream\s*(;|$)/i.test(type)) ?? false;
}

function addOperationRoutes(app: FastifyInstance, { api, metrics }: RouteDeps): void {
  app.get('/metrics', { schema: { summary: 'Prometheus metrics', tags: ['operation'] } }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  const health = (summary: string) => ({
    schema: { summary, tags: ['operation'], response: { 200: Health, 503: Health } },
  });
  app.get('/healthz', health('Whether the process works'), async (_, reply) =>
    sendVerdict(reply, await api.health()),
  );
  app.get('/readyz', health('Whether machines are answered'), async (_, reply) =>
    sendVerdict(reply, await api.ready()),
  );
}

function sendVerdict(reply: FastifyReply, { ok, reasons }: Verdict): FastifyReply {
  return reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'unavailable', reasons });
}

/** The one shape of every error that is JSON. */
export function sendError(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send({ error, message });
}
