/**
 * Router hints: a machine that boots asks its link for IPv6 routers, and iPXE waits up to 16 s for one before it goes on,
 * also when DHCP has long answered. Where there is none, it is told so: by an advertisement, to it alone, that says "I am
 * no router". Hosts configure nothing by it (RFC 4861 §6.3.4). Where a router advertises, the answer is the router's.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Journal } from '../journal/record.ts';
import {
  type Advertisement,
  decodeRouterFrame,
  encodeNoRouter,
  encodeSolicitation,
  isMalformed,
  type Solicitation,
} from '../ndp/frame.ts';
import type { RouterDiscovery, RouterSocket } from '../net/router-discovery.ts';
import { NetError, type Nic } from '../net/udp.ts';
import { formatIpv6, isLinkLocal } from '../values/ipv6.ts';
import type { Clients } from './clients.ts';
import { createClientLimit } from './limits.ts';

export interface RouterHints {
  /** Gives hints on one NIC; `nic` tells it as it is now. Throws NetError where hints are not optional. */
  open(nic: () => Nic): { close(): void };
}

export interface RouterHintsOptions {
  readonly network: RouterDiscovery;
  readonly clock: Clock;
  /** Who is booting. */
  readonly clients: Pick<Clients, 'isBooting'>;
  readonly journal: Journal;
  /**
   * auto: none where hints cannot be given, and none where this host is an IPv6 router itself, since it may well
   * advertise: what a host sends itself, no packet socket is shown. on: the operator knows that it does not.
   */
  readonly policy: 'auto' | 'on';
}

/**
 * How long a router counts that was heard once, at least: the longest time between two of its advertisements
 * (MaxRtrAdvInterval, RFC 4861 §6.2.1). Its own lifetime may be longer.
 */
const ROUTER_COUNTS_MS = 1_800_000;

/**
 * Routers are asked for when a NIC's services open, three times as a host does (RFC 4861 §6.3.7), since one that speaks
 * when it is asked only would not be heard otherwise; then every ten minutes, for one that came later.
 */
const QUESTIONS = 3;
const QUESTION_EVERY_MS = 4000;
const ASK_AGAIN_MS = 600_000;

/** No hint before a router had this long to answer the first question: it may take half a second (MAX_RA_DELAY_TIME). */
const ANSWER_WITHIN_MS = 1000;

/** Hints a second for one machine in the long run, five at once. iPXE asks six times within eight seconds. */
const HINTS_A_SECOND = 1;

type Tell = (nic: Nic, message: string, hint: string) => void;

export function createRouterHints(options: RouterHintsOptions): RouterHints {
  const tell = tellingOnce(options);
  return {
    open(nic) {
      try {
        return openOn(options, nic, tell);
      } catch (error) {
        if (options.policy === 'on' || !(error instanceof NetError)) throw error;
        tell(nic(), `no router hints, so iPXE waits for IPv6 routers: ${error.message}`, error.hint);
        return { close() {} };
      }
    },
  };
}

/** What keeps hints from being sent is told once for each NIC, not at each boot. */
function tellingOnce({ journal, clock }: RouterHintsOptions): Tell {
  const told = new Set<string>();
  return (nic, message, hint) => {
    const key = `${nic.name} ${message}`;
    if (told.has(key)) return;
    told.add(key);
    journal.write({
      kind: 'notice',
      at: clock.wall(),
      level: 'warn',
      nic: nic.name,
      message,
      detail: { hint },
    });
  };
}

function openOn(options: RouterHintsOptions, nic: () => Nic, tell: Tell): { close(): void } {
  const { network, clock, clients, journal } = options;
  const limit = createClientLimit(() => HINTS_A_SECOND);
  const socket: RouterSocket = network.routerSocket(nic(), onFrame);
  let routerUntil = Number.NEGATIVE_INFINITY;
  let asked = 0;
  let firstAskedAt = Number.POSITIVE_INFINITY;
  let asking: Timer | undefined;

  const hasRouter = (): boolean => clock.now() < routerUntil;

  function onFrame(frame: Uint8Array): void {
    const message = decodeRouterFrame(frame);
    // What fails a check is dropped in silence (RFC 4861 §6.1).
    if (isMalformed(message)) return;
    if (message.kind === 'solicitation') onSolicitation(message);
    // One that tells nothing is another server's hint.
    else if (message.tells) onRouter(message);
  }

  function onRouter({ source, lifetime, linkSource }: Advertisement): void {
    const known = hasRouter();
    routerUntil = Math.max(routerUntil, clock.now() + Math.max(lifetime * 1000, ROUTER_COUNTS_MS));
    if (known) return;
    const { name } = nic();
    journal.write({
      kind: 'notice',
      at: clock.wall(),
      level: 'info',
      nic: name,
      message: `an IPv6 router advertises on ${name}: machines that boot hear of routers from it`,
      detail: { router: formatIpv6(source), routerMac: linkSource },
    });
  }

  function onSolicitation({ source, linkSource }: Solicitation): void {
    if (!clients.isBooting(linkSource, clock.wall()) || hasRouter()) return;
    // A machine without an address cannot be answered alone; it asks again when it has one. Nobody else is spoken to.
    if (!isLinkLocal(source)) return;
    if (options.policy === 'auto' && network.forwardsIpv6(nic())) {
      const message = `no router hints on ${nic().name}: this host is an IPv6 router there itself`;
      tell(nic(), message, 'If it does not advertise itself, set boot.routerHint: on.');
      return;
    }
    const own = network.linkLocal(nic());
    if (own === undefined) {
      const message = `no router hints on ${nic().name}: it has no link-local IPv6 address`;
      tell(nic(), message, `Enable IPv6 on it: sysctl -w net.ipv6.conf.${nic().name}.disable_ipv6=0.`);
      return;
    }
    if (asked === 0) ask();
    if (clock.now() < firstAskedAt + ANSWER_WITHIN_MS || !limit.allows(linkSource, clock.wall())) return;
    const linkDestination = linkSource;
    const hint = { linkSource: nic().mac, linkDestination, source: own, destination: source };
    const failure = socket.send(encodeNoRouter(hint));
    if (failure !== undefined) {
      tell(nic(), `no router hints on ${nic().name}: they cannot be sent (${failure})`, 'Check the NIC.');
      return;
    }
    const to = formatIpv6(source);
    journal.write({ kind: 'hint', at: clock.wall(), mac: linkSource, nic: nic().name, to });
  }

  /** In vain without a link-local address: a later question follows. */
  function ask(): void {
    const source = network.linkLocal(nic());
    if (source === undefined) return;
    if (socket.send(encodeSolicitation({ linkSource: nic().mac, source })) !== undefined) return;
    asked += 1;
    firstAskedAt = Math.min(firstAskedAt, clock.now());
  }

  function askInTurn(left: number): void {
    ask();
    const next = left > 1 && !hasRouter() ? QUESTION_EVERY_MS : ASK_AGAIN_MS;
    asking = clock.after(`a question for routers on ${nic().name}`, next, () => askInTurn(left - 1));
  }

  askInTurn(QUESTIONS);
  return {
    close() {
      asking?.cancel();
      socket.close();
    },
  };
}
