/** The leases that are stored, for the commands that run without the server. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/model.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { readBindings } from '../leases/sqlite.ts';
import { createLeaseTable, type LeaseTable } from '../leases/table.ts';

/** A table as a server started now would have it; empty when there was never a lease. Throws StoreUnavailable. */
export function storedTable(config: Config): LeaseTable {
  const table = createLeaseTable([]);
  const now = Date.now();
  if (existsSync(leaseFile(config.state))) {
    for (const binding of readBindings(config.state)) table.load(binding, now);
  }
  table.setPools(config.dhcp.subnets.flatMap((subnet) => subnet.pools));
  return table;
}
