/** The running server's end of the control socket. */
import type { Logger } from 'pino';
import type { ApiSource } from '../http/api.ts';
import { openControl } from '../http/control.ts';
import type { Journal } from '../journal/record.ts';
import type { LeaseStore } from '../leases/store.ts';
import type { LeaseTable } from '../leases/table.ts';
import { formatIpv4 } from '../values/ipv4.ts';
import { releaseLease } from './release.ts';

export interface ControlDependencies {
  /** The state directory, locked. */
  readonly directory: string;
  readonly api: Pick<ApiSource, 'leases' | 'pools'>;
  readonly table: LeaseTable;
  readonly store: LeaseStore;
  readonly journal: Journal;
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Serves without a socket, and says so, where the state directory has no room for one: machines matter more. */
export async function startControl(deps: ControlDependencies): Promise<{ close(): Promise<void> }> {
  const { directory, api, table, store, journal, log, now } = deps;
  try {
    return await openControl({
      directory,
      log,
      source: {
        leases: api.leases,
        pools: api.pools,
        async release(ip) {
          const released = await releaseLease(table, store, ip, now());
          if (released !== undefined) {
            const message = `${formatIpv4(ip)} is released by an operator`;
            journal.write({ kind: 'notice', at: now(), level: 'info', mac: released.mac, message });
          }
          return released;
        },
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `commands cannot reach this server, since it has no control socket: ${why}`;
    journal.write({ kind: 'notice', at: now(), level: 'warn', message });
    return { close: async () => {} };
  }
}
