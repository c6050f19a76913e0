/** The address part of a reply in full mode: which subnet, which identity, and the options that go with an address. */
import type { Facts } from '../boot/facts.ts';
import type { DhcpPolicy, SubnetPolicy } from '../config/model.ts';
import { OPTION } from '../dhcp/codes.ts';
import type { Claim } from '../leases/allocate.ts';
import type { Machine } from '../profiles/model.ts';
import { broadcastOf, type Ipv4, inSubnet, netmask } from '../values/ipv4.ts';

/** The subnet a message came from: the relay's word (RFC 3527, giaddr), else the NIC's own address. */
export function subnetFor(facts: Facts, policy: DhcpPolicy): SubnetPolicy | undefined {
  const link = facts.relay?.linkSelection || facts.relay?.giaddr || facts.arrival.localAddress;
  return policy.subnets.find((candidate) => inSubnet(link, candidate.subnet));
}

/**
 * What a client is known by. A machine of the inventory is itself, whichever of its stages or NICs asks, so that ROM,
 * iPXE and the installed system keep one address. Else the client identifier (RFC 2131 §4.2); one that is no more than
 * the hardware type and MAC (RFC 2132 §9.14) is the MAC, so that firmware without an identifier and iPXE with one are
 * the same client.
 */
export function identityOf(facts: Facts, machine: Machine | undefined): string {
  if (machine !== undefined) return `machine:${machine.macs[0] ?? machine.uuid ?? machine.name ?? facts.mac}`;
  const { clientId, mac } = facts;
  if (clientId === undefined || clientId === `01${mac.replaceAll(':', '')}`) return `mac:${mac}`;
  return `id:${clientId}`;
}

/** The claim that allocation judges. */
export function claimOf(facts: Facts, machine: Machine | undefined): Claim {
  return {
    identity: identityOf(facts, machine),
    mac: facts.mac,
    clientId: facts.clientId,
    hostname: facts.hostname,
    ciaddr: facts.ciaddr,
    requestedIp: facts.requestedIp,
    serverId: facts.serverId,
    fixedIp: machine?.ip,
  };
}

const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** What every client of a subnet is told: mask, broadcast address, then the subnet's own options over them. */
export function subnetOptions({ subnet, options }: SubnetPolicy): Map<number, Uint8Array> {
  return new Map<number, Uint8Array>([
    [OPTION.SUBNET_MASK, u32(netmask(subnet.prefix))],
    [BROADCAST_ADDRESS, u32(broadcastOf(subnet))],
    ...options,
  ]);
}

const BROADCAST_ADDRESS = 28;

/** Lease time, and T1 and T2 at the fractions that RFC 2131 §4.4.5 gives as defaults. */
export function leaseOptions(seconds: number): readonly (readonly [number, Uint8Array])[] {
  return [
    [OPTION.LEASE_TIME, u32(seconds)],
    [OPTION.RENEWAL_TIME, u32(Math.floor(seconds / 2))],
    [OPTION.REBINDING_TIME, u32(Math.floor((seconds * 7) / 8))],
  ];
}

/** Whether an address belongs to a machine of the inventory. */
export function reservedBy(byIp: ReadonlyMap<Ipv4, Machine>): (ip: Ipv4) => boolean {
  return (ip) => byIp.has(ip);
}
