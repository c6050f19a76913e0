/** What the clients of a subnet are told, made once when the configuration is read rather than for each reply. */
import { type LeaseTimes, leaseTimeOptions } from '../dhcp/lease-times.ts';
import { broadcastOf, netmask, type Subnet } from '../values/ipv4.ts';
import type { OptionSet, SubnetPolicy } from './model.ts';

const SUBNET_MASK = 1;
const BROADCAST_ADDRESS = 28;

const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** Mask and broadcast address, over them what the author set; and the same with the lease times, which go with an address only. */
export function subnetOptionSets(
  subnet: Subnet,
  times: LeaseTimes,
  own: OptionSet,
): Pick<SubnetPolicy, 'options' | 'leaseOptions'> {
  const options = new Map([
    [SUBNET_MASK, u32(netmask(subnet.prefix))],
    [BROADCAST_ADDRESS, u32(broadcastOf(subnet))],
    ...own,
  ]);
  const leaseOptions = new Map([...options, ...leaseTimeOptions(times)]);
  return { options, leaseOptions };
}
