/** BusyBox's DHCP client: asks once, and configures nothing. */
import assert from 'node:assert/strict';
import type { Namespace } from './netns.ts';

/** The address that it is given, by a NIC of the client. Throws when it is given none. */
export async function lease(client: Namespace, ...flags: string[]): Promise<string> {
  const args = ['udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-t', '5', '-T', '1', '-s', '/bin/true', ...flags];
  const said = await client.run('sh', '-c', `busybox ${args.join(' ')} 2>&1`);
  const address = /lease of ([\d.]+) obtained/.exec(said)?.[1];
  assert.ok(address, said);
  return address;
}
