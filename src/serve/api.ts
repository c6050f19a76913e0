/** What the HTTP API tells of the running server. */
import type { Config } from '../config/model.ts';
import type { World } from '../decide/decision.ts';
import { explain, type Where } from '../decide/explain.ts';
import type { ApiSource, Status, Verdict } from '../http/api.ts';
import { selectLeases } from '../leases/entries.ts';
import type { LeaseTable } from '../leases/table.ts';
import type { Nic } from '../net/udp.ts';
import type { LoadResult, Match } from '../profiles/model.ts';
import { formatIpv4, formatSubnet } from '../values/ipv4.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { addressesOf } from './nics.ts';
import { poolEntries } from './pools.ts';
import type { Rendering } from './render.ts';

export interface ApiDependencies {
  readonly version: string;
  readonly startedAt: number;
  readonly config: () => Config;
  readonly world: () => World;
  readonly table: LeaseTable;
  /** Those served now. */
  readonly nics: () => readonly Nic[];
  readonly ports: () => Readonly<Record<string, number>>;
  readonly where: () => Where;
  readonly rendering: Rendering;
  /** The newest load, good or not, and when it was. */
  readonly lastLoad: () => { readonly result: LoadResult; readonly at: number };
  /** Why leases cannot be written at present; undefined when they can. */
  readonly storeFault: () => string | undefined;
  /** NICs that are to be served and are not. */
  readonly nicFaults: () => readonly string[];
}

/** How many bindings are in each state, and how many offers are out. */
export function countLeases(table: LeaseTable, now: number): Record<string, number> {
  table.expire(now);
  return { ...table.counts(), offered: table.offers };
}

const matchAsWritten = (match: Match): Record<string, unknown> => ({
  ...match,
  ...(match.subnet === undefined ? {} : { subnet: match.subnet.map(formatSubnet) }),
});

export function createApiSource(deps: ApiDependencies): ApiSource {
  const { table, world } = deps;

  function pools() {
    table.expire(world().now);
    return poolEntries(table, deps.config().dhcp, world().inventory.machines.byIp.keys());
  }

  function status(): Status {
    const now = world().now;
    const { inventory } = world();
    const { result, at } = deps.lastLoad();
    return {
      version: deps.version,
      startedAt: new Date(deps.startedAt).toISOString(),
      mode: deps.config().dhcp.mode,
      nics: deps.nics().map((nic) => ({
        name: nic.name,
        mac: nic.mac,
        up: nic.up,
        addresses: [...addressesOf(nic)],
      })),
      ports: { ...deps.ports() },
      inventory: {
        version: inventory.version,
        loadedAt: new Date(at).toISOString(),
        profiles: inventory.profiles.length,
        machines: inventory.machines.all.length,
        ok: result.inventory !== undefined,
        diagnostics: result.diagnostics.map(formatDiagnostic),
      },
      leases: countLeases(table, now),
      pools: pools(),
    };
  }

  function ready(): Verdict {
    const fault = deps.storeFault();
    const reasons = [...(fault === undefined ? [] : [fault]), ...deps.nicFaults()];
    return { ok: reasons.length === 0, reasons };
  }

  return {
    leases: (filter) => selectLeases(table, filter, world().now),
    pools,
    profiles: () =>
      world().inventory.profiles.map(({ name, priority, match, boot, position }) => ({
        name,
        priority,
        match: matchAsWritten(match),
        boot: boot.kind,
        position,
      })),
    machines: () =>
      world().inventory.machines.all.map(({ macs, name, ip, profile }) => ({
        macs,
        name: name ?? null,
        ip: ip === undefined ? null : formatIpv4(ip),
        profile: profile ?? null,
      })),
    status,
    explain: (query) => explain(query, deps.where(), world()),
    script({ mac, requesterMac, arch, uuid, item, address, serverAddress }) {
      const requester = { mac: mac ?? requesterMac, address, serverAddress };
      const result = deps.rendering.script({ mac, arch, uuid }, requester, item);
      if ('text' in result) return result;
      return { failure: result.failure === 'broken' ? 'broken' : 'not-found', detail: result.detail };
    },
    health: () => ({ ok: true, reasons: [] }),
    ready,
  };
}
