/** The TFTP service alone, for the benchmark: `node bench/tftp-server.ts NIC ROOT`. Ends on SIGTERM. */
import { createContentResolver } from '../src/content/resolve.ts';
import { createLinuxNetwork } from '../src/net/linux.ts';
import { createClock } from '../src/serve/clock.ts';
import { createTftpService } from '../src/serve/tftp.ts';

const [nicName, root] = process.argv.slice(2);
const network = createLinuxNetwork();
const nic = network.nics().find((candidate) => candidate.name === nicName);
if (nic === undefined || root === undefined) throw new Error('usage: node bench/tftp-server.ts NIC ROOT');

createTftpService({
  network,
  nic,
  config: { root, search: [], transferPort: 0 },
  resolver: createContentResolver({ roots: [root], cacheBytes: 512 * 1024 * 1024, pin: network.pin }),
  journal: { write: () => {} },
  clock: createClock(),
  requester: (address, _path, serverAddress) => ({ address, mac: undefined, serverAddress }),
});
process.on('SIGTERM', () => process.exit(0));
