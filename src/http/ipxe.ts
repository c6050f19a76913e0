/** GET /ipxe?mac=…: the script of one machine. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ApiSource, ErrorBody, type ScriptQuery } from './api.ts';
import { ScriptParameters } from './queries.ts';
import { beginTransfer, type TransferDeps } from './transfer.ts';

export interface IpxeDeps extends TransferDeps {
  readonly api: ApiSource;
}

/** The name under which scripts stand in the journal. */
const NAME = 'ipxe';

/**
 * Without ?mac= the one whose DHCP was seen gets its script; anyone else a script that asks again with what is missing.
 *
 * A machine without a script gets 404 and a sentence, not a script that complains: iPXE prints the status and goes on
 * after `||`, so whoever chains here can have a plan for it, while a script with status 200 would count as success.
 */
export function addIpxeRoute(app: FastifyInstance, deps: IpxeDeps): void {
  app.get<{ Querystring: z.output<typeof ScriptParameters> }>('/ipxe', {
    schema: {
      summary: 'The iPXE script of a machine',
      tags: ['boot'],
      querystring: ScriptParameters,
      response: { 200: z.string(), 400: ErrorBody, 404: z.string() },
    },
    handler: async (request, reply) => {
      const transfer = beginTransfer(deps, request, NAME);
      const { mac, ...said } = request.query;
      const { address, serverAddress, mac: requesterMac } = transfer.requester;
      const query: ScriptQuery = { mac, ...said, requesterMac, address, serverAddress };
      const result = await deps.api.script(query);
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store');
      if ('text' in result) {
        const bytes = Buffer.byteLength(result.text);
        transfer.tell(request.method === 'HEAD' ? 'probe' : 'done', {
          mac: mac ?? requesterMac,
          size: bytes,
          bytes,
        });
        return reply.send(result.text);
      }
      const missing = result.failure === 'not-found';
      transfer.tell(missing ? 'not-found' : 'failed', { mac: mac ?? requesterMac, detail: result.detail });
      return reply.code(missing ? 404 : 500).send(`${result.detail}\n`);
    },
  });
}
