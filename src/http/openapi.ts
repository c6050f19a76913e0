/** The OpenAPI document, made from the schemas that also check the requests. */
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { z } from 'zod';
import pkg from '../../package.json' with { type: 'json' };

/** Must be registered before the routes that it is to describe. */
export function addOpenApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pilotlight',
        version: pkg.version,
        description: 'Boot files and scripts for machines; leases, machines, events and profiles for people.',
      },
      tags: [{ name: 'boot' }, { name: 'api' }, { name: 'operation' }],
    },
    // OpenAPI has no wildcard: the rest of the path is a parameter.
    transform: ({ schema, url }) => ({ schema: toJsonSchemas(schema), url: url.replace('*', ':path') }),
  });
}

export function addOpenApiRoute(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { summary: 'This document', tags: ['operation'] } }, () =>
    app.swagger(),
  );
}

function toJsonSchemas(schema: FastifySchema): FastifySchema {
  const { params, querystring, response, ...rest } = schema;
  return {
    ...rest,
    ...(params === undefined ? {} : { params: toJsonSchema(params) }),
    ...(querystring === undefined ? {} : { querystring: toJsonSchema(querystring) }),
    ...(response === undefined ? {} : { response: toResponses(response) }),
  };
}

/** By status. A zod schema of text describes a plain-text body; what is no zod schema is OpenAPI already. */
function toResponses(response: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(Object(response)).map(([status, schema]) => {
      if (!(schema instanceof z.ZodType)) return [status, schema];
      const json = toJsonSchema(schema);
      const type = schema instanceof z.ZodString ? 'text/plain' : 'application/json';
      return [status, { description: DESCRIPTIONS[status] ?? '', content: { [type]: { schema: json } } }];
    }),
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'OK',
  400: 'The request is malformed.',
  404: 'There is no such thing.',
  503: 'Not now; the reasons are told.',
};

function toJsonSchema(schema: unknown): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const { $schema, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return json;
}
