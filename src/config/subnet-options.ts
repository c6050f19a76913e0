/** What the clients of a subnet are told, made once when the configuration is read rather than for each reply. */
import { broadcastOf, netmask, type Subnet } from '../values/ipv4.ts';
import type { OptionSet, SubnetPolicy } from './model.ts';

const SUBNET_MASK = 1;
const BROADCAST_ADDRESS = 28;
const LEASE_TIME = 51;
const RENEWAL_TIME = 58;
const REBINDING_TIME = 59;

const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/**
 * Mask and broadcast address, over them what the author set; and the same with lease time, T1 and T2 (RFC 2132 §9.2, 9.11,
 * 9.12), which go with an address only.
 */
export function subnetOptionSets(
  subnet: Subnet,
  times: Pick<SubnetPolicy, 'leaseTime' | 'renewTime' | 'rebindTime'>,
  own: OptionSet,
): Pick<SubnetPolicy, 'options' | 'leaseOptions'> {
  const options = new Map([
    [SUBNET_MASK, u32(netmask(subnet.prefix))],
    [BROADCAST_ADDRESS, u32(broadcastOf(subnet))],
    ...own,
  ]);
  const leaseOptions = new Map([
    ...options,
    [LEASE_TIME, u32(times.leaseTime)],
    [RENEWAL_TIME, u32(times.renewTime)],
    [REBINDING_TIME, u32(times.rebindTime)],
  ]);
  return { options, leaseOptions };
}
