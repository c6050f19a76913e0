/**
 * The control socket, by which the commands reach the running server. Whoever can reach the HTTP port may ask; whoever
 * changes something must be able to open this socket: it lies in the state directory and belongs to the server's user alone.
 */
import { chmodSync, closeSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { StoreUnavailable } from '../leases/store.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { type ApiSource, Lease } from './api.ts';
import { createApp } from './app.ts';
import { describe } from './describe.ts';
import { addLeaseRoutes } from './leases.ts';
import { AddressParameters } from './queries.ts';
import { sendError } from './routes.ts';

export interface ControlSource extends Pick<ApiSource, 'leases' | 'pools'> {
  /** Ends a binding, durably; undefined: there is none. Throws StoreUnavailable. */
  release(ip: Ipv4): Promise<Lease | undefined>;
}

export interface ControlServer {
  close(): Promise<void>;
}

export interface ControlOptions {
  /** The state directory, which must be locked: a socket of a server that was killed is replaced. */
  readonly directory: string;
  readonly source: ControlSource;
  readonly log: Logger;
}

const SOCKET = 'control.sock';

/** Where the control socket of a state directory is. */
export function controlSocket(directory: string): string {
  return join(directory, SOCKET);
}

/**
 * The same by way of the directory's descriptor, which must stay open meanwhile: the address of a socket has room for
 * 107 bytes only.
 */
export const shortControlSocket = (descriptor: number): string => `/proc/self/fd/${descriptor}/${SOCKET}`;

/** Throws what the file system says when it has no sockets, or no room. */
export async function openControl({ directory, source, log }: ControlOptions): Promise<ControlServer> {
  const app = createApp(log);
  addLeaseRoutes(app, source);
  app.delete<{ Params: z.output<typeof AddressParameters> }>(
    '/v1/leases/:ip',
    describe('End a binding: its address is free, its client remembered', Lease, {
      params: AddressParameters,
    }),
    async (request, reply) => {
      try {
        const released = await source.release(request.params.ip);
        return released ?? sendError(reply, 404, 'NOT_FOUND', 'nobody has this address');
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return sendError(reply, 503, 'STORE_FAILED', error.message);
      }
    },
  );

  // Made in a directory that nobody else may enter, and moved once nobody else may open it: between its birth and its
  // mode there is no moment for a stranger, and an old one is replaced in one step.
  const nursery = mkdtempSync(join(directory, '.control-'));
  const descriptor = openSync(nursery, 'r');
  try {
    await app.listen({ path: shortControlSocket(descriptor) });
    chmodSync(join(nursery, SOCKET), 0o600);
    renameSync(join(nursery, SOCKET), controlSocket(directory));
  } catch (error) {
    await app.close();
    throw error;
  } finally {
    rmSync(nursery, { recursive: true, force: true });
    closeSync(descriptor);
  }
  return {
    async close() {
      rmSync(controlSocket(directory), { force: true });
      await app.close();
    },
  };
}
