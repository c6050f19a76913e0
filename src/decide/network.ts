/** The address part of a reply in full mode: which subnet, and which identity. */
import type { Facts } from '../boot/facts.ts';
import type { ClientIdentity, DhcpPolicy, SubnetPolicy } from '../config/model.ts';
import type { Claim } from '../leases/allocate.ts';
import type { Machine } from '../profiles/model.ts';
import { BROADCAST, type Ipv4, inSubnet } from '../values/ipv4.ts';
import { isClientIdOfMac } from '../values/mac.ts';
import type { World } from './decision.ts';

/**
 * The address that tells which link a client is on, the word nearest to the client first: the relay's link selection
 * (RFC 3527 §3: before option 118), the client's own wish (RFC 3011), giaddr. Without a relay, a client that speaks to
 * us by unicast uses the address in ciaddr already and may be any number of routers away (RFC 2131 §4.3.2, RENEWING);
 * a broadcast came over the NIC's own link.
 */
export function linkOf(facts: Facts): Ipv4 {
  const { relay, arrival } = facts;
  const named = relay?.linkSelection || facts.subnetSelection || relay?.giaddr;
  if (named) return named;
  const unicast = facts.ciaddr !== 0 && arrival.destination !== BROADCAST;
  return unicast ? facts.ciaddr : arrival.localAddress;
}

/** The subnet that holds an address: a site has some hundred, and every packet asks. `subnets` by address, none overlapping. */
function holderOf(ip: Ipv4, subnets: readonly SubnetPolicy[]): SubnetPolicy | undefined {
  let low = 0;
  let high = subnets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((subnets[middle] as SubnetPolicy).subnet.network <= ip) low = middle + 1;
    else high = middle;
  }
  const last = subnets[low - 1];
  return last !== undefined && inSubnet(ip, last.subnet) ? last : undefined;
}

/** The subnets of a client's link: the one that holds its link address first, then those that share the link. */
export function subnetsFor(
  facts: Facts,
  policy: DhcpPolicy,
): readonly [SubnetPolicy, ...SubnetPolicy[]] | undefined {
  const link = linkOf(facts);
  const own = holderOf(link, policy.subnets);
  if (own === undefined) return undefined;
  if (own.network === undefined) return [own];
  return [own, ...policy.subnets.filter((other) => other !== own && other.network === own.network)];
}

/** Hex digits: RFC 2132 §9.14 wants a type and at least one byte more; less is the same for too many clients. */
const SHORTEST_CLIENT_ID = 4;

/**
 * What a client is known by. A machine of the inventory is itself, whichever of its stages or NICs asks, so that ROM,
 * iPXE and the installed system keep one address. Else the client identifier (RFC 2131 §4.2), unless the subnet goes by
 * MAC (and the client has one, as InfiniBand has not); one that is no more than the hardware type and MAC (RFC 2132 §9.14) is the MAC, so that firmware without an
 * identifier and iPXE with one are the same client.
 */
export function identityOf(
  facts: Pick<Facts, 'clientId' | 'mac'>,
  machine: Machine | undefined,
  by: ClientIdentity,
): string {
  if (machine !== undefined) return `machine:${machine.macs[0] ?? machine.uuid ?? machine.name ?? facts.mac}`;
  const { clientId = '', mac } = facts;
  const tellsNothing = clientId.length < SHORTEST_CLIENT_ID || isClientIdOfMac(clientId, mac);
  return tellsNothing || (by === 'mac' && mac !== '') ? `mac:${mac}` : `id:${clientId}`;
}

/** The identity of a client that says nothing of itself (hlen 0 is for links that have no addresses, RFC 4390): all such would be one. */
export const NOBODY = 'mac:';

/** The claim that allocation judges. */
export function claimOf(facts: Facts, machine: Machine | undefined, by: ClientIdentity): Claim {
  return {
    identity: identityOf(facts, machine, by),
    mac: facts.mac,
    clientId: facts.clientId,
    hostname: facts.hostname,
    ciaddr: facts.ciaddr,
    requestedIp: facts.requestedIp,
    serverId: facts.serverId,
    asksTime: facts.asksTime,
    fixedIp: machine?.ip,
  };
}

/** Whether an address belongs to a machine of the inventory, or to this server itself: `own`, and what else it has. */
export function reservedBy(
  { inventory, isOurs }: Pick<World, 'inventory' | 'isOurs'>,
  ...own: readonly Ipv4[]
): (ip: Ipv4) => boolean {
  const { byIp } = inventory.machines;
  return (ip) => byIp.has(ip) || own.includes(ip) || isOurs?.(ip) === true;
}
