/**
 * The check before an address is offered for the first time (RFC 2131 §2.2, §3.1 (2)): does anybody use it already? The
 * message that is to be answered waits for the outcome, and nothing else does: then it is decided anew, with the address
 * held for its client, or kept out of the pools because somebody answered.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Journal } from '../journal/record.ts';
import { keptOut } from '../leases/give-up.ts';
import { type LeaseStore, StoreUnavailable } from '../leases/store.ts';
import type { LeaseTable } from '../leases/table.ts';
import { NetError, type Network, type Nic, type Prober } from '../net/udp.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

export interface Candidate {
  readonly ip: Ipv4;
  readonly client: Mac;
  /** Behind a relay, where ARP does not reach. */
  readonly relayed: boolean;
}

/**
 * free: the offer may leave. waits: the message comes back by `resume`. repeated: an earlier message of this client
 * waits for the same address already; this one takes its place, and the earlier one will not be answered. crowded: more
 * probes are under way than there may be.
 */
export type Verdict = 'free' | 'waits' | 'repeated' | 'crowded';

/** A message whose address was probed. */
export interface Probed<M> {
  readonly message: M;
  /** Somebody answered. */
  readonly taken: boolean;
}

export interface ConflictCheck<M> {
  /**
   * `fresh`: nobody's before, so it has to be probed unless it was a moment ago. While the message waits, the caller
   * keeps an offer of the address in force.
   */
  check(candidate: Candidate, fresh: boolean, message: M): Verdict;
  /** Ends every probe; offers that waited for one are taken back. */
  close(): void;
}

export interface ConflictCheckOptions<M> {
  readonly network: Network;
  readonly nic: () => Nic;
  /** arp: on the link, and ICMP for clients behind relays. icmp: for all. */
  readonly by: 'arp' | 'icmp';
  readonly clock: Clock;
  readonly table: LeaseTable;
  readonly store: LeaseStore;
  readonly journal: Journal;
  /** Takes messages that have waited. */
  readonly resume: (probed: readonly Probed<M>[]) => void;
}

/**
 * How often is asked, and how long each answer is waited for. On a link an answer takes a millisecond, or some tens from
 * a host that sleeps; the second question makes up for a lost broadcast. Through relays it crosses a WAN both ways, after
 * ARP at the far end. Every new client waits so long, and none notices: ROMs, iPXE and operating systems ask again after
 * a second at the earliest, and UEFI takes offers for four (RFC 5227 would have a host wait six seconds).
 */
const PATIENCE = {
  arp: { questions: 2, waitMs: 100 },
  icmp: { questions: 2, waitMs: 250 },
} as const;

/** How late the end of a wait may be noticed. Those that end together are answered as one batch. */
const TICK_MS = 20;

/** How long silence counts: an offer that its client did not take (30 s) and the next client's turn. */
const QUIET_MS = 60_000;
const MAX_QUIET = 65_536;

/** Messages that wait at most, 1 to 2 KiB each: what a link brings at 40 000 DISCOVERs a second. */
const MAX_PROBES = 8192;

interface Probe<M> {
  readonly candidate: Candidate;
  readonly by: 'arp' | 'icmp';
  /** The newest of this client's messages. */
  message: M;
  asked: number;
  /** Monotonic milliseconds. */
  due: number;
}

/** Opens what it asks by. Throws NetError. */
export function createConflictCheck<M>(options: ConflictCheckOptions<M>): ConflictCheck<M> {
  const { network, nic, clock, table, resume } = options;
  const probes = new Map<Ipv4, Probe<M>>();
  const quiet = createQuietMemory();
  const failures = new Set<string>();
  const probers = openProbers(options, onAnswer);
  let tick: Timer | undefined;

  /**
   * False when the question cannot be sent: then the offer need not wait for an answer. Besides firewalls and missing
   * routes, that is so (ENOBUFS) when ICMP asks for some 500 addresses of one link within a second or two, since each
   * of them takes a place in the kernel's table of neighbours first. ARP probes take none.
   */
  function ask(probe: Probe<M>): boolean {
    probe.asked += 1;
    probe.due = clock.now() + PATIENCE[probe.by].waitMs;
    const failure = probers[probe.by]?.ask(probe.candidate.ip);
    if (failure !== undefined) tellFailure(probe, failure);
    return failure === undefined;
  }

  /** Once for each cause: a firewall stays, and a flood of clients is not to become a flood of lines. */
  function tellFailure({ by, candidate }: Probe<M>, code: string): void {
    if (failures.has(by + code)) return;
    failures.add(by + code);
    options.journal.write({
      kind: 'notice',
      at: clock.wall(),
      level: 'warn',
      nic: nic().name,
      message: `addresses are offered unprobed: ${by.toUpperCase()} cannot be sent (${code})`,
      detail: { ip: formatIpv4(candidate.ip) },
    });
  }

  function onTick(): void {
    const now = clock.now();
    const probed: Probed<M>[] = [];
    for (const [ip, probe] of probes) {
      if (now < probe.due) continue;
      if (probe.asked < PATIENCE[probe.by].questions && ask(probe)) continue;
      probes.delete(ip);
      quiet.add(ip, now);
      probed.push({ message: probe.message, taken: false });
    }
    if (probes.size === 0) {
      tick?.cancel();
      tick = undefined;
    }
    if (probed.length > 0) resume(probed);
  }

  function onAnswer(ip: Ipv4, answered: Mac | undefined): void {
    const probe = probes.get(ip);
    if (probe === undefined) return;
    const { client, relayed } = probe.candidate;
    // An echo tells no link address; on the link, the kernel has learnt it on the way.
    const holder = answered ?? (relayed ? undefined : network.neighbour(ip));
    probes.delete(ip);
    // The client itself may use the address already: from before it restarted, or since a REQUEST for it was granted.
    const taken = holder !== client && table.offerAt(ip) !== undefined;
    if (taken) keepOut(options, probe.candidate, holder);
    else quiet.add(ip, clock.now());
    resume([{ message: probe.message, taken }]);
  }

  return {
    check(candidate, fresh, message) {
      const { ip } = candidate;
      const underWay = probes.get(ip);
      if (underWay !== undefined) {
        underWay.message = message;
        return 'repeated';
      }
      if (!fresh || quiet.has(ip, clock.now())) return 'free';
      if (probes.size >= MAX_PROBES) return 'crowded';
      const by = candidate.relayed ? 'icmp' : options.by;
      const probe: Probe<M> = { candidate, by, message, asked: 0, due: 0 };
      if (!ask(probe)) return 'free';
      probes.set(ip, probe);
      tick ??= clock.every(`address probes on ${nic().name}`, TICK_MS, onTick);
      return 'waits';
    },
    close() {
      tick?.cancel();
      for (const ip of probes.keys()) table.withdraw(ip);
      probes.clear();
      for (const prober of Object.values(probers)) prober.close();
    },
  };
}

function openProbers<M>(
  { network, nic, by }: ConflictCheckOptions<M>,
  onAnswer: (ip: Ipv4, mac: Mac | undefined) => void,
): { readonly icmp: Prober; readonly arp?: Prober } {
  let icmp: Prober | undefined;
  try {
    icmp = network.echoProber(onAnswer);
    return by === 'icmp' ? { icmp } : { icmp, arp: network.arpProber(nic, onAnswer) };
  } catch (error) {
    icmp?.close();
    if (!(error instanceof NetError)) throw error;
    const message = `addresses cannot be probed before they are offered: ${error.message}`;
    throw new NetError(error.code, message, `${error.hint} Or set dhcp.conflictCheck: off.`);
  }
}

/** As a DECLINE would (RFC 2131 §4.3.3), and for as long. */
function keepOut<M>(
  { table, store, journal, clock, nic }: ConflictCheckOptions<M>,
  { ip, client }: Candidate,
  holder: Mac | undefined,
): void {
  const at = clock.wall();
  const binding = keptOut(ip, holder ?? UNKNOWN, at);
  table.bind(binding);
  journal.write({
    kind: 'notice',
    at,
    level: 'warn',
    code: 'ADDRESS_IN_USE',
    mac: client,
    nic: nic().name,
    message: `${formatIpv4(ip)} is in use by ${holder ?? 'somebody'}: kept out of the pool for a day`,
    detail: { ip: formatIpv4(ip), holder },
  });
  const commit = store.commit([binding]).catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable)) throw error;
    const { message, hint } = error;
    journal.write({ kind: 'notice', at, level: 'error', message, detail: { hint } });
  });
  // Durable or not, it stays in force: that the address is in use is true all the same.
  void commit.then(() => table.saved(ip));
}

const UNKNOWN: Mac = '00:00:00:00:00:00';

/** The addresses that nobody answered for a moment ago. */
function createQuietMemory() {
  const since = new Map<Ipv4, number>();
  return {
    has(ip: Ipv4, now: number): boolean {
      const at = since.get(ip);
      return at !== undefined && now - at < QUIET_MS;
    },
    add(ip: Ipv4, now: number): void {
      since.delete(ip);
      since.set(ip, now);
      for (const [oldest, at] of since) {
        if (now - at < QUIET_MS && since.size <= MAX_QUIET) break;
        since.delete(oldest);
      }
    },
  };
}
