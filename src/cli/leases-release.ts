/** `pilotlight leases release ADDRESS`, by the running server or, when it is down, in its state. */
import { existsSync } from 'node:fs';
import { Lease } from '../http/api.ts';
import { type LeaseEntry, leaseEntry } from '../leases/entries.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { openOfflineLeases } from '../leases/offline.ts';
import type { Binding } from '../leases/store.ts';
import { endedBinding } from '../serve/release.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { askServer, ControlFailed } from './control.ts';
import { tellFailure } from './failure.ts';
import { type ConfigFlag, configOrExit } from './load.ts';

export async function releaseCommand(ip: Ipv4, flags: ConfigFlag): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  await tellFailure(async () => {
    const answer = await askServer(config.state, 'DELETE', `/v1/leases/${formatIpv4(ip)}`);
    const released = answer === undefined ? releaseStored(config.state, ip) : Lease.parse(answer);
    if (released === undefined) throw new ControlFailed('nobody has this address');
    process.stdout.write(`released ${released.ip}, which ${released.mac} had\n`);
  });
}

/** The lock of the state keeps a server out meanwhile; one that runs, and does not answer, keeps us out. */
function releaseStored(directory: string, ip: Ipv4): LeaseEntry | undefined {
  if (!existsSync(leaseFile(directory))) return undefined;
  const leases = openOfflineLeases(directory);
  try {
    let binding: Binding | undefined;
    for (const each of leases.all()) if (each.ip === ip) binding = each;
    if (binding === undefined) return undefined;
    const now = Date.now();
    const ended = endedBinding(binding, now);
    leases.write([ended]);
    return leaseEntry(ended, now);
  } finally {
    leases.close();
  }
}
