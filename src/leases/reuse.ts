/**
 * A client that asks anew soon after it was given its lease is told the same lease again, with what is left of it. RFC 2131
 * §4.3.1 wants it so: without a time of its own in the request, the server returns the expiration that it assigned before.
 * Nothing changes then, so nothing is written. A machine that boots asks three or four times within a minute (ROM, boot
 * loader, installer, installed system), and waits for one write instead of four; dhcpd does so too (dhcp-cache-threshold).
 */
import type { SubnetPolicy } from '../config/model.ts';
import type { LeaseTimes } from '../dhcp/lease-times.ts';
import type { LeaseView, Named } from './view.ts';

/**
 * Seconds that the client's lease of the address has been running, if what is left of it is what it shall be told. Rounded
 * up, so that no client is told more than is stored. Undefined: it gets a new one. Once its T1 would have come, it does.
 */
export function reusableAge(
  client: Named,
  { leaseTime, renewTime, reuseTime }: SubnetPolicy,
  leases: LeaseView,
  now: number,
): number | undefined {
  const lease = leases.storedLease(client);
  if (lease === undefined) return undefined;
  const age = leaseTime - Math.floor((lease.expiresAt - now) / 1000);
  return age >= 0 && age <= reuseTime && age < renewTime ? age : undefined;
}

/** What is left of all three when a lease has been running for so many seconds: T1 and T2 come when they would have come. */
export function timesLeft({ leaseTime, renewTime, rebindTime }: LeaseTimes, age: number): LeaseTimes {
  return { leaseTime: leaseTime - age, renewTime: renewTime - age, rebindTime: rebindTime - age };
}
