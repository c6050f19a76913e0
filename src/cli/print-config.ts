/** `pilotlight print-config`: the lines that an existing DHCP server needs, where proxyDHCP does not reach. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DIALECTS, type DialectName } from '../dialects/dialects.ts';
import { pointersFor } from '../dialects/pointers.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { loadFor } from '../serve/inventory.ts';
import { describedWhere } from '../serve/where.ts';
import { type ConfigFlag, configOrExit, printDiagnostics } from './load.ts';
import { type AddressFlags, type NoAddress, ourAddress } from './our-address.ts';

export async function printConfig(dialect: DialectName, flags: ConfigFlag & AddressFlags): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  const network = createLinuxNetwork();
  const nics = network.nics();
  await network.close();
  const ours = ourAddress(flags, config, nics);
  if ('fault' in ours) return refuse(ours);
  if (config.http.port === 0) {
    return refuse({
      fault: 'http.port is 0, which is any free port',
      hint: 'set http.port, since another server is to be told of it',
    });
  }
  const { address, subnet } = ours;
  const where = { ...describedWhere(config, nics), localAddress: address };
  const { inventory, diagnostics } = await loadFor(config, where, 1);
  printDiagnostics(diagnostics);
  if (inventory === undefined) {
    process.exitCode = 1;
    return;
  }
  const roots = [config.tftp.root, ...config.tftp.search];
  const pointers = pointersFor({
    server: { address, httpPort: config.http.port },
    subnet,
    mode: config.dhcp.mode,
    inventory,
    has: (path) => roots.some((root) => existsSync(join(root, path))),
  });
  process.stdout.write(DIALECTS[dialect].write(pointers));
}

function refuse({ fault, hint }: NoAddress): void {
  process.stderr.write(`pilotlight: ${fault}\n    hint: ${hint}\n`);
  process.exitCode = 1;
}
