/** `pilotlight leases export`: the leases as another server reads them. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeKea } from '../leases/formats/kea.ts';
import { leaseFile } from '../leases/lease-file.ts';
import { readBindings } from '../leases/sqlite.ts';
import { formatSubnet, type Ipv4, inSubnet, type Subnet } from '../values/ipv4.ts';
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
    process.stderr.write(told(subnets));
    for (const line of writeKea(bindings, subnetId)) {
      if (!process.stdout.write(line)) await once(process.stdout, 'drain');
    }
  });
}

/** Subnets named one by one; beyond it the rule has to do. */
const SHOWN = 20;

/** Kea takes a lease into the subnet of its id, so the ids of its configuration have to be these. */
function told(subnets: readonly Subnet[]): string {
  if (subnets.length === 0) return '';
  const named = subnets.slice(0, SHOWN).map((subnet, index) => `${index + 1} is ${formatSubnet(subnet)}`);
  const more = subnets.length > SHOWN ? ', and so on by address' : '';
  return `subnet ids in this file: ${named.join(', ')}${more}\n`;
}
