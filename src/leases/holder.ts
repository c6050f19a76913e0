/**
 * Whether a binding is a client's, by whatever name. What a client is known by changes when an operator lists it in the
 * inventory, or changes `clientIdentity`: its lease, stored under the old name, is its own all the same, and goes by the
 * new name from its next renewal on.
 */
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Binding } from './store.ts';
import type { Holding, LeaseView } from './view.ts';

/** A client, by its name of now and by what it says of itself. */
export interface Client {
  readonly identity: string;
  readonly mac: Mac;
  /** Option 61 in hex. */
  readonly clientId?: string | undefined;
}

type Leases = Pick<LeaseView, 'at' | 'isHeldBy' | 'of'>;

/** Whether the binding of the address, live or not, is this client's. Who declined an address does not have it. */
export function isHolder(ip: Ipv4, client: Client, leases: Leases): boolean {
  return leases.isHeldBy(ip, client.identity) || isRenamed(ip, client, leases);
}

/** One that sends the hardware address and the identifier that its lease was stored with is the client of that lease. */
function isRenamed(ip: Ipv4, { mac, clientId }: Client, leases: Leases): boolean {
  const binding = leases.at(ip);
  return (
    binding !== undefined &&
    binding.state !== 'declined' &&
    binding.mac === mac &&
    binding.clientId === clientId
  );
}

/** Whether nobody else can have the address: it is a client's until the lease ends, or kept out for a time. */
export const isLive = (holding: Holding, now: number): boolean =>
  holding.state !== 'released' && holding.expiresAt > now;

/** Whether a lease of this client on the address is running. One that is over gives no say in whose the address is next. */
export function hasLease(
  ip: Ipv4,
  client: Client,
  { leases, now }: { leases: LeaseView; now: number },
): boolean {
  const holding = leases.holdingAt(ip);
  return holding?.state === 'bound' && isLive(holding, now) && isHolder(ip, client, leases);
}

/** The lease of the address that runs now, Unix milliseconds; undefined: nobody has it. */
export function runningLease(ip: Ipv4, leases: Pick<LeaseView, 'at'>, now: number): Binding | undefined {
  const binding = leases.at(ip);
  return binding?.state === 'bound' && binding.expiresAt > now ? binding : undefined;
}

/** Its bindings under the names that it may have had, for a client that has none under its own. */
export function formerHoldings(client: Client, leases: Leases): readonly Holding[] {
  const { identity, mac, clientId } = client;
  const found: Holding[] = [];
  for (const name of [`mac:${mac}`, `machine:${mac}`, clientId === undefined ? identity : `id:${clientId}`]) {
    if (name === identity) continue;
    for (const holding of leases.of(name)) if (isRenamed(holding.ip, client, leases)) found.push(holding);
  }
  return found;
}
