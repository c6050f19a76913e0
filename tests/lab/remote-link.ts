/**
 * A second link behind ISC's relay agent, which is also its router.
 *
 *   wires (br0) ── server, relay eth0 10.77.0.3
 *   wires (br1) ── relay eth1 10.78.0.1, tap of the machine
 */
import { createFeed } from './feed.ts';
import { readLines } from './lines.ts';
import { packaged } from './packaged.ts';
import { type Rack, SERVER_ADDRESS } from './rack.ts';

export const REMOTE_BRIDGE = 'br1';

/** The server's `dhcp:` for this link. */
export const REMOTE_DHCP = {
  mode: 'full',
  subnets: [
    { subnet: '10.78.0.0/24', pools: ['10.78.0.50-10.78.0.99'], router: '10.78.0.1', leaseTime: '1h' },
  ],
};

/** Resolves once the relay agent listens, to the tap where a machine is plugged in. */
export async function openRemoteLink({ lab, wires, server, host }: Rack): Promise<string> {
  const relay = host('relay', '10.77.0.3/24');
  lab.bridge(wires, REMOTE_BRIDGE);
  lab.veth({ in: relay, nic: 'eth1' }, { in: wires, nic: 'remote' });
  lab.enslave(wires, 'remote', REMOTE_BRIDGE);
  lab.address(relay, 'eth1', '10.78.0.1/24');
  relay.runSync('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  server.runSync('ip', 'route', 'add', '10.78.0.0/24', 'via', '10.77.0.3');
  lab.tap(wires, 'remotetap', REMOTE_BRIDGE);

  const program = packaged('isc-dhcp-relay', 'usr/sbin/dhcrelay');
  // -a: with option 82, which tells the NIC that the machine is behind.
  const nics = ['-iu', 'eth0', '-id', 'eth1'];
  const agent = relay.spawn(program, ['-4', '-d', '-a', '--no-pid', ...nics, SERVER_ADDRESS]);
  agent.stdout?.resume();
  const messages = createFeed<string>((line) => line);
  agent.once('close', () => messages.end('dhcrelay ended'));
  if (agent.stderr !== null) readLines(agent.stderr, messages.push);
  await messages.waitFor('dhcrelay listens', (line) => line.includes('Sending on'), { seconds: 10 });
  return 'remotetap';
}
