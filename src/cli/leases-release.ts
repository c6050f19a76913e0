/** `pilotlight leases release ADDRESS`, by the running server or, when it is down, in its state. */
import { existsSync } from 'node:fs';
import { Lease } from '../http/api.ts';
import type { LeaseEntry } from '../leases/entries.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { openSqliteStore } from '../leases/sqlite.ts';
import { createLeaseTable } from '../leases/table.ts';
import { releaseLease } from '../serve/release.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { askServer, ControlFailed } from './control.ts';
import { tellFailure } from './failure.ts';
import { type ConfigFlag, configOrExit } from './load.ts';

export async function releaseCommand(ip: Ipv4, flags: ConfigFlag): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  await tellFailure(async () => {
    const answer = await askServer(config.state, 'DELETE', `/v1/leases/${formatIpv4(ip)}`);
    const released = answer === undefined ? await releaseStored(config.state, ip) : Lease.parse(answer);
    if (released === undefined) throw new ControlFailed('nobody has this address');
    process.stdout.write(`released ${released.ip}, which ${released.mac} had\n`);
  });
}

/** The lock of the state keeps a server out meanwhile; one that runs, and does not answer, keeps us out. */
async function releaseStored(directory: string, ip: Ipv4): Promise<LeaseEntry | undefined> {
  if (!existsSync(leaseFile(directory))) return undefined;
  const store = openSqliteStore(directory);
  try {
    const now = Date.now();
    const table = createLeaseTable([]);
    await store.load((binding) => table.load(binding, now));
    table.setPools([]);
    return await releaseLease(table, store, ip, now);
  } finally {
    await store.close();
  }
}
