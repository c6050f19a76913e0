/** The HTTP server: one fastify instance with every route, made of what app.ts hands in. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { BootJournal } from '../journal/journal.ts';
import type { Metrics } from '../journal/metrics.ts';
import { createVendors, type Vendors } from '../journal/vendors.ts';
import { findHolders } from '../net/holder.ts';
import { NetError } from '../net/udp.ts';
import type { ApiSource } from './api.ts';
import { createApp, routeOf } from './app.ts';
import { addBootRoute, type BootDeps } from './boot.ts';
import { createEventStreams } from './events.ts';
import { addIpxeRoute } from './ipxe.ts';
import { addOpenApi, addOpenApiRoute } from './openapi.ts';
import { addApiRoutes } from './routes.ts';

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

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { host = '0.0.0.0', port, journal, clock, log } = options;
  const app = createApp(log);
  const streams = createEventStreams({ journal, clock });
  countRequests(app, options.metrics);
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

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.httpRequest(request.method, routeOf(request), reply.raw.statusCode);
    request.log.debug({ method: request.method, url: request.url, status: reply.raw.statusCode }, 'http');
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
