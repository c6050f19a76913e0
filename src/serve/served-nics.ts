/**
 * The NICs that are served, as they come and go: one that vanishes takes its services with it, one that appears is
 * served, and one whose addresses change goes on with the new ones. Each is told once.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Journal } from '../journal/record.ts';
import { NetError, type Network, type Nic } from '../net/udp.ts';
import type { Subnet } from '../values/ipv4.ts';
import { givenAddresses, hindrances, NOTHING_TO_SERVE, wantedNics } from './nics.ts';

export interface ServedNics {
  /** Those served now, as they are now. */
  nics(): readonly Nic[];
  /** Named NICs that are not served, and why; without names, whether there is none at all. Empty: all is well. */
  faults(): readonly string[];
  close(): void;
}

export interface ServedNicsOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly journal: Journal;
  /** As the configuration names them; undefined: every NIC that is up, has an address and is no loopback. */
  readonly named: readonly string[] | undefined;
  /** Those to begin with. */
  readonly chosen: readonly Nic[];
  /** Those that addresses are given in; undefined where another server gives them. */
  readonly subnets: () => readonly Subnet[] | undefined;
  /** Opens the services of one NIC; `nic` tells it as it is now. Throws NetError. */
  readonly open: (nic: () => Nic) => { close(): void };
}

/** A change comes as several messages (made, addressed, set up), and a program that makes it needs a moment for them. */
const SETTLE_MS = 100;

/** After a NIC could not be served: another program may be about to leave the port. */
const RETRY_MS = 10_000;

interface Served {
  nic: Nic;
  readonly services: { close(): void };
}

/** Serves the chosen NICs, and watches from then on. Throws NetError when one of them cannot be served. */
export function serveNics(options: ServedNicsOptions): ServedNics {
  const { network, clock, named } = options;
  const served = new Map<string, Served>();
  const failures = new Map<string, string>();
  let look: Timer | undefined;
  let retry: Timer | undefined;
  const watch = network.watchNics(lookSoon);

  function notice(level: 'info' | 'warn' | 'error', nic: string, message: string, hint?: string): void {
    const detail = hint === undefined ? {} : { detail: { hint } };
    options.journal.write({ kind: 'notice', at: clock.wall(), level, nic, message, ...detail });
  }

  const hindrancesOf = (nic: Nic): readonly string[] => hindrances(nic, options.subnets());

  function lookSoon(): void {
    look ??= clock.after('a look at the NICs', SETTLE_MS, () => {
      look = undefined;
      lookAgain();
    });
  }

  function retryLater(): void {
    retry ??= clock.after('a NIC that could not be served', RETRY_MS, () => {
      retry = undefined;
      lookAgain();
    });
  }

  function serve(nic: Nic): void {
    const entry: { nic: Nic } = { nic };
    const services = options.open(() => entry.nic);
    served.set(nic.name, Object.assign(entry, { services }));
    failures.delete(nic.name);
  }

  function lookAgain(): void {
    const present = network.nics();
    for (const [name, entry] of served) {
      const nic = present.find((candidate) => candidate.name === name);
      // Another of the same name: the sockets are bound to the one that is gone.
      if (nic === undefined || nic.index !== entry.nic.index) retire(name, entry);
      else refresh(entry, nic);
    }
    const wanted = wantedNics(named, present);
    for (const name of failures.keys()) if (!wanted.some((nic) => nic.name === name)) failures.delete(name);
    for (const nic of wanted) if (!served.has(nic.name)) tryToServe(nic);
  }

  function retire(name: string, { services }: Served): void {
    served.delete(name);
    services.close();
    notice('warn', name, `${name} has vanished: nobody on it is served until it returns`);
  }

  function refresh(entry: Served, nic: Nic): void {
    const before = entry.nic;
    entry.nic = nic;
    const known = hindrancesOf(before);
    for (const message of hindrancesOf(nic)) {
      if (!known.includes(message)) notice('warn', nic.name, message);
    }
    if (nic.up && !before.up) notice('info', nic.name, `${nic.name} is up`);
    const addresses = told(nic);
    if (addresses !== '' && addresses !== told(before)) {
      notice('info', nic.name, `${nic.name} has the address ${addresses} now`);
    }
  }

  function tryToServe(nic: Nic): void {
    try {
      serve(nic);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      if (failures.get(nic.name) !== error.message) notice('error', nic.name, error.message, error.hint);
      failures.set(nic.name, error.message);
      retryLater();
      return;
    }
    notice('info', nic.name, `${nic.name} has appeared, and is served: ${told(nic) || 'no address'}`);
    for (const message of hindrancesOf(nic)) notice('warn', nic.name, message);
  }

  function close(): void {
    look?.cancel();
    retry?.cancel();
    watch.close();
    for (const { services } of served.values()) services.close();
    served.clear();
  }

  try {
    for (const nic of options.chosen) {
      for (const message of hindrancesOf(nic)) notice('warn', nic.name, message);
      serve(nic);
    }
  } catch (error) {
    close();
    throw error;
  }
  // What has changed between the choice and the watch.
  lookSoon();
  const nics = (): readonly Nic[] => {
    const all = [...served.values()].map(({ nic }) => nic);
    return named === undefined ? all : wantedNics(named, all);
  };
  return {
    nics,
    faults() {
      if (named === undefined) return served.size === 0 ? [NOTHING_TO_SERVE] : [];
      return named
        .filter((name) => !served.has(name))
        .map((name) => failures.get(name) ?? `interface ${name} has vanished`);
    },
    close,
  };
}

const told = (nic: Nic): string => givenAddresses(nic).join(', ');
