/** Leases and pools, over the network's HTTP server and over the control socket. */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ApiSource, Lease, Pool } from './api.ts';
import { describe } from './describe.ts';
import { LeaseParameters } from './queries.ts';

export function addLeaseRoutes(app: FastifyInstance, api: Pick<ApiSource, 'leases' | 'pools'>): void {
  app.get<{ Querystring: z.output<typeof LeaseParameters> }>(
    '/v1/leases',
    describe('Who has which address', z.array(Lease), { querystring: LeaseParameters }),
    (request, reply) =>
      reply
        .type('application/json; charset=utf-8')
        .send(Readable.from(jsonArray(api.leases(request.query)), { objectMode: false })),
  );
  app.get('/v1/pools', describe('How full the pools are', z.array(Pool)), () => api.pools());
}

/** Entries looked at in one go: half a millisecond, so that no packet waits while a million are told. */
const CHUNK = 250;

async function* jsonArray(entries: Iterable<unknown>): AsyncIterable<string> {
  let text = '[';
  let separator = '';
  let looked = 0;
  for (const entry of entries) {
    if (entry !== undefined) {
      text += `${separator}\n${JSON.stringify(entry)}`;
      separator = ',';
    }
    if (++looked % CHUNK !== 0) continue;
    if (text !== '') yield text;
    text = '';
    await nextTurn();
  }
  yield `${text}\n]\n`;
}
