/** The commit of a batch: what was put in force in memory is made durable, or taken back. */
import type { Decision, Reply, World } from '../decide/decision.ts';
import { leaseTimeOptions } from '../dhcp/lease-times.ts';
import { isHolder } from '../leases/holder.ts';
import { type Binding, type LeaseStore, StoreUnavailable } from '../leases/store.ts';
import type { LeaseTable } from '../leases/table.ts';
import type { InFlight } from './dhcp-replies.ts';

/** A binding put in force in memory and not yet durable, with what it replaced. */
export interface Pending {
  readonly inFlight: InFlight;
  readonly binding: Binding;
  readonly before: Binding | undefined;
}

export interface CommitDependencies {
  readonly table: LeaseTable;
  readonly store: LeaseStore;
}

/** Decides a message anew and puts the change in force; what then waits for a commit is added. */
export type DecideAgain = (message: InFlight, pending: Pending[]) => Decision;

/** The identity under which an address is kept out that another node of a shared store has given away. */
const ELSEWHERE = 'elsewhere';

/**
 * Makes the batch durable. A binding that the store refuses is taken back and decided again, knowing that; when the
 * store cannot write at all, every binding of the batch is taken back, and the decisions are what they can be without.
 */
export async function commitAll(
  deps: CommitDependencies,
  pending: readonly Pending[],
  world: World,
  decideAgain: DecideAgain,
): Promise<void> {
  const { table, store } = deps;
  try {
    const refusals = await store.commit(pending.map(({ binding }) => binding));
    for (const { binding } of pending) table.saved(binding.ip);
    for (const { index } of refusals) {
      const refused = pending[index];
      if (refused === undefined) continue;
      // Whoever took it may hold it for as long as a lease lasts here.
      table.bind({ ...refused.binding, identity: ELSEWHERE, state: 'declined' });
      table.saved(refused.binding.ip);
      const again: Pending[] = [];
      refused.inFlight.decision = decideAgain(refused.inFlight, again);
      if (again.length > 0) await commitAll(deps, again, world, decideAgain);
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    for (const each of pending.toReversed()) takeBack(table, each);
    // Once every batch that failed with this one is taken back too, what stands in the table is what is stored.
    await allMicrotasks();
    for (const { inFlight, binding } of pending) {
      inFlight.decision = decisionWithout(inFlight.decision, binding, table, world.now);
    }
  }
}

/** process.nextTick runs when no promise has anything left to do, and before anything new comes in. */
const allMicrotasks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/**
 * An address that somebody else was found to use stays out, though the store will not know after a restart: that it is
 * in use is true all the same.
 */
function takeBack(table: LeaseTable, { binding, before }: Pending): void {
  if (table.holdingAt(binding.ip)?.state === 'declined') table.saved(binding.ip);
  else table.undo(binding.ip, before);
}

const FAILED = { kind: 'ignore', code: 'STORE_FAILED', reason: 'its lease could not be stored' } as const;

/**
 * What can be answered when a binding could not be stored. A client whose stored lease is running may go on until that
 * one ends: the ACK promises no more than the disk does, so that after a crash, too, nobody else can have the address.
 * RFC 2131 leaves the time of a lease to the server (§3.3, §4.3.1), and a client that is told a shorter one asks again
 * sooner. Silence would keep a machine that boots from booting, though it has its address. All others get no answer.
 */
function decisionWithout(decision: Decision, binding: Binding, table: LeaseTable, now: number): Decision {
  const { profile } = decision;
  const stored = table.holdingAt(binding.ip);
  const isIts = stored?.state === 'bound' && isHolder(binding.ip, binding, table);
  const seconds = isIts ? Math.floor((stored.expiresAt - now) / 1000) : 0;
  if (decision.kind !== 'reply' || seconds < 1) return { ...FAILED, profile };
  return shortened(decision, seconds);
}

/** T1 and T2 at the fractions that RFC 2131 §4.4.5 gives as defaults, where they are not sooner. */
function shortened(reply: Reply, seconds: number): Reply {
  const options = new Map(reply.options);
  const renewTime = Math.floor(seconds / 2);
  const rebindTime = Math.floor((seconds * 7) / 8);
  for (const [code, bytes] of leaseTimeOptions({ leaseTime: seconds, renewTime, rebindTime })) {
    const wanted = options.get(code);
    if (wanted !== undefined && Buffer.compare(bytes, wanted) < 0) options.set(code, bytes);
  }
  const reason = `${reply.reason}; until its stored end only, since no lease can be stored`;
  return { ...reply, options, reason };
}
