/** What every HTTP server here is made of: limits, checks by zod, errors of one shape. */
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { check, parseQuery } from './queries.ts';
import { sendError } from './routes.ts';

/** Milliseconds. A machine that was switched off in the middle of a download never says so. */
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 15_000;
const REQUEST_TIMEOUT = 10_000;
/** Nothing here takes a body. */
const BODY_LIMIT = 16 * 1024;
const PATH_LIMIT = 4096;

/** A server without routes. */
export function createApp(log: Logger): FastifyInstance {
  const app = fastify({
    loggerInstance: quiet(log),
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    connectionTimeout: IDLE_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: PATH_LIMIT, querystringParser: parseQuery },
    frameworkErrors: (error, _request, reply) => {
      sendError(reply, error.statusCode ?? 400, 'BAD_REQUEST', error.message);
    },
  });
  // Schemas are zod's. Bodies are not filtered through them: what the source tells is told whole.
  app.setValidatorCompiler<z.ZodType>(
    ({ schema }) =>
      (input) =>
        check(schema, input),
  );
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  tellErrors(app, log);
  return app;
}

/** Fastify's own words matter to whoever debugs it: below `debug` only its warnings are heard. */
function quiet(log: Logger): FastifyBaseLogger {
  const warned = log.isLevelEnabled('warn') ? 'warn' : log.level;
  return log.child({}, { level: log.isLevelEnabled('debug') ? log.level : warned });
}

/** The pattern, never the path. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** Clients get a code and a sentence. Only a fault of ours has a stack, and only in the log. */
function tellErrors(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((request, reply) => {
    sendError(reply, 404, 'NOT_FOUND', `nothing is served at ${request.method} ${request.url}`);
  });
  app.setErrorHandler<Error & { readonly statusCode?: number }>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      log.error({ err: error, url: request.url }, 'an HTTP request failed');
      return sendError(reply, status, 'INTERNAL', 'this request failed; the log tells why');
    }
    // A machine that cannot get its script is worth a line; a mistyped API call is not.
    log[routeOf(request) === '/ipxe' ? 'info' : 'debug']({ url: request.url }, error.message);
    return sendError(reply, status, 'BAD_REQUEST', error.message);
  });
}
