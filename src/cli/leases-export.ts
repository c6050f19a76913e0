/** `pilotlight leases export`: the leases as another server reads them. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeKea } from '../leases/formats/kea.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { readBindings } from '../leases/sqlite.ts';
import { type Ipv4, inSubnet } from '../values/ipv4.ts';
import { tellFailure } from './failure.ts';
import { type ConfigFlag, configOrExit } from './load.ts';

export async function exportCommand(flags: ConfigFlag): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  await tellFailure(async () => {
    // What is stored is what clients were told, also while the server runs.
    const bindings = existsSync(leaseFile(config.state)) ? readBindings(config.state) : [];
    const subnets = config.dhcp.subnets.map(({ subnet }) => subnet);
    // Kea's ids: the subnets of dhcp.subnets from 1 on. 0 is what Kea takes for unknown.
    const subnetId = (ip: Ipv4): number => subnets.findIndex((subnet) => inSubnet(ip, subnet)) + 1;
    for (const line of writeKea(bindings, subnetId)) {
      if (!process.stdout.write(line)) await once(process.stdout, 'drain');
    }
  });
}
