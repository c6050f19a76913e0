/** The HTTP server: one fastify instance with every route, made of what app.ts hands in. */
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { BootJournal } from '../journal/journal.ts';
import type { Metrics } from '../journal/metrics.ts';
import { createVendors, type Vendors } from '../journal/vendors.ts';
import { findHolders } from '../net/holder.ts';
import { NetError } from '../net/udp.ts';
import type { ApiSource } from './api.ts';
import { addBootRoute, type BootDeps } from './boot.ts';
import { createEventStreams } from './events.ts';
import { addIpxeRoute } from './ipxe.ts';
import { addOpenApi, addOpenApiRoute } from './openapi.ts';
import { check, parseQuery } from './queries.ts';
import { addApiRoutes, sendError } from './routes.ts';

export interface HttpServerOptions extends BootDeps {
  /** Default 0.0.0.0. */
  readonly host?: string | undefined;
  /** 0: any free port. */
  readonly port: number;
  readonly journal: BootJournal;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly api: ApiSource;
  /** Default: one of its own. */
  readonly vendors?: Vendors | undefined;
}

export interface HttpServer {
  /** Throws NetError when the port is taken or may not be bound. */
  listen(): Promise<{ readonly port: number }>;
  /** Ends every connection, downloads and event streams too; resolves when the port is free. */
  close(): Promise<void>;
  /** Asks a route in process, without a socket. */
  readonly inject: FastifyInstance['inject'];
}

/** Milliseconds. A machine that was switched off in the middle of a download never says so. */
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 15_000;
const REQUEST_TIMEOUT = 10_000;
/** Nothing here takes a body. */
const BODY_LIMIT = 16 * 1024;
const PATH_LIMIT = 4096;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { host = '0.0.0.0', port, journal, clock, log } = options;
  const app = createApp(log);
  const streams = createEventStreams({ journal, clock });
  countRequests(app, options.metrics);
  tellErrors(app, log);
  addOpenApi(app);
  app.register(async (routes) => {
    addBootRoute(routes, options);
    addIpxeRoute(routes, options);
    addApiRoutes(routes, { ...options, streams, vendors: options.vendors ?? createVendors() });
    addOpenApiRoute(routes);
  });

  return {
    async listen() {
      await app.ready();
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenFailure(error, host, port);
      }
      const bound = app.server.address();
      return { port: typeof bound === 'object' && bound !== null ? bound.port : port };
    },
    async close() {
      streams.close();
      await app.close();
    },
    inject: app.inject.bind(app),
  };
}

function createApp(log: Logger): FastifyInstance {
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
  return app;
}

/** Fastify's own words matter to whoever debugs it: below `debug` only its warnings are heard. */
function quiet(log: Logger): FastifyBaseLogger {
  const warned = log.isLevelEnabled('warn') ? 'warn' : log.level;
  return log.child({}, { level: log.isLevelEnabled('debug') ? log.level : warned });
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.httpRequest(request.method, routeOf(request), reply.raw.statusCode);
    request.log.debug({ method: request.method, url: request.url, status: reply.raw.statusCode }, 'http');
  });
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

function listenFailure(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const holders = findHolders(port, 'tcp').map(({ command, pid }) => `${command} (pid ${pid})`);
    const holder = holders.length === 0 ? 'a process that cannot be seen from here' : holders.join(' and ');
    return new NetError(
      'PORT_TAKEN',
      `TCP port ${port} on ${host} is taken by ${holder}`,
      'Stop it, or set another http.port in pilotlight.yaml.',
    );
  }
  if (code === 'EACCES') {
    return new NetError(
      'NO_PERMISSION',
      `may not bind TCP port ${port} on ${host}`,
      'Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or set http.port to 1024 or more.',
    );
  }
  return error;
}
