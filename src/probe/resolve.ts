/** Names of hosts, asked of the DNS servers that the machine would have, and of no others. */
import { Resolver } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import type { Clock } from '../clock.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import type { Failure } from './fetched.ts';

const TIMEOUT_MS = 2000;
const TRIES = 2;

/** An address stays as it is. Never rejects. */
export async function addressOf(host: string, dns: readonly Ipv4[], clock: Clock): Promise<string | Failure> {
  if (isIPv4(host)) return host;
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const deadline = clock.after('probe dns', TIMEOUT_MS * (TRIES + 1), () => resolver.cancel());
  try {
    resolver.setServers(dns.map(formatIpv4));
    const [address] = await resolver.resolve4(host);
    return address ?? { kind: 'name', detail: 'no address' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { kind: 'name', detail: String(code ?? error) };
  } finally {
    deadline.cancel();
  }
}
