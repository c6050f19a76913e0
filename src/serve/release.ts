/** What an operator changes in the leases of the running server. */
import { type LeaseEntry, leaseEntry } from '../leases/entries.ts';
import { type Binding, type LeaseStore, StoreUnavailable } from '../leases/store.ts';
import type { LeaseTable } from '../leases/table.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** A binding that an operator has ended: as if its client had given it back, whatever its state was. */
export function endedBinding(binding: Binding, now: number): Binding {
  return { ...binding, state: 'released', expiresAt: now, touchedAt: now };
}

/**
 * Ends the binding of an address, in the table and durably. Undefined: there is none. The client is not told, since DHCP
 * has no way that clients follow: it uses the address until it renews, and is refused then if somebody else has it.
 * Throws StoreUnavailable, and then nothing has changed.
 */
export async function releaseLease(
  table: LeaseTable,
  store: LeaseStore,
  ip: Ipv4,
  now: number,
): Promise<LeaseEntry | undefined> {
  const binding = table.at(ip);
  if (binding === undefined) return undefined;
  const ended = endedBinding(binding, now);
  const offer = table.offerAt(ip);
  table.bind(ended);
  // Another client may be offered the address of a lease that is over, and is about to ask for it.
  if (offer !== undefined) table.offer(offer);
  try {
    const [refusal] = await store.commit([ended]);
    if (refusal !== undefined)
      throw new StoreUnavailable(refusal.reason, 'ask the node that holds the address');
    table.saved(ip);
    return leaseEntry(ended, now);
  } catch (error) {
    table.undo(ip, binding);
    throw error;
  }
}
