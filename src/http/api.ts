/**
 * What the API tells, as schemas that are also its types and its OpenAPI document, and the source that app.ts gives to
 * answer from. Times are ISO 8601 in UTC. What is not known is null, so that every key is always there.
 */
import { z } from 'zod';
import type { Arch } from '../boot/arch.ts';
import { LEASE_STATES, type LeaseFilter } from '../leases/entries.ts';
import type { IpAddress } from '../values/ip.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

const text = z.string();
const known = z.string().nullable();
const time = z.iso.datetime();

export const Lease = z.object({
  ip: text,
  mac: text,
  clientId: known.describe('Option 61 in hex.'),
  hostname: known,
  state: z.enum(LEASE_STATES),
  expiresAt: time,
});
export type Lease = z.infer<typeof Lease>;

export const Pool = z.object({
  pool: text,
  subnet: text,
  size: z.int().describe('Addresses; the sum of all that follow.'),
  bound: z.int(),
  offered: z.int().describe('Held for clients that have been offered them.'),
  declined: z.int().describe('In use by strangers, and kept out for a time.'),
  reserved: z.int().describe('Kept for machines of the inventory that do not use them now.'),
  free: z.int(),
});
export type Pool = z.infer<typeof Pool>;

const Position = z.object({ file: text, line: z.int(), column: z.int() });

export const ProfileEntry = z.object({
  name: text,
  priority: z.number(),
  match: z.record(text, z.unknown()).describe('The match keys as written; empty: every client.'),
  boot: text.describe('kernel, script, file or local.'),
  position: Position,
});
export type ProfileEntry = z.infer<typeof ProfileEntry>;

/** One machine of the inventory. */
export interface KnownMachine {
  readonly macs: readonly Mac[];
  readonly name: string | null;
  /** Its fixed address. */
  readonly ip: string | null;
  /** The profile that it is tied to. */
  readonly profile: string | null;
}

export const MachineEntry = z.object({
  mac: text,
  name: known.describe('From the inventory.'),
  vendor: known.describe('Who made the network card, by the IEEE registries.'),
  ip: known,
  arch: known,
  stage: known.describe('rom, ipxe, http, uboot, rpi or other, at its newest message.'),
  profile: known,
  nic: known.describe('Our NIC that it was seen on.'),
  last: known.describe('Its newest message and our reply.'),
  firstSeen: time.nullable().describe('null: in the inventory, not seen since start.'),
  lastSeen: time.nullable(),
});
export type MachineEntry = z.infer<typeof MachineEntry>;

/** A record of the journal; its further keys depend on the kind. */
export const Event = z
  .object({
    kind: z.enum(['decision', 'malformed', 'transfer', 'reload', 'hint', 'notice']),
    at: time,
    mac: text.optional(),
    nic: text.optional(),
  })
  .catchall(z.unknown());
export type Event = z.infer<typeof Event>;

export const MachineDetail = MachineEntry.extend({ events: z.array(Event).describe('Oldest first.') });
export type MachineDetail = z.infer<typeof MachineDetail>;

export const Explanation = z.object({
  profile: known,
  machine: known.describe('Its name in the inventory.'),
  decision: text.describe('The sentence that the log would show.'),
  reasons: z.array(z.object({ profile: text, matched: z.boolean(), reason: text })).readonly(),
  quirks: z
    .array(z.object({ name: text, evidence: text }))
    .readonly()
    .describe("Departures of this client's firmware that shaped the answer."),
  reply: z.object({
    type: known.describe('OFFER; null: no answer, and all of the reply is empty.'),
    address: known.describe('The address that would be offered, in full mode.'),
    bootFile: known,
    nextServer: known,
    options: z.record(text, z.unknown()).describe('By name; values as text, numbers or lists.'),
    script: known.describe('What iPXE would run.'),
    fault: text.optional().describe('Why the script cannot be made.'),
  }),
});
export type Explanation = z.infer<typeof Explanation>;

export const Status = z.object({
  version: text,
  startedAt: time,
  mode: z.enum(['full', 'proxy', 'off']),
  nics: z.array(z.object({ name: text, mac: text, up: z.boolean(), addresses: z.array(text) })),
  ports: z.record(text, z.int()).describe('Bound ports by use: dhcp, pxe, tftp, http.'),
  inventory: z.object({
    version: z.int().describe('Counts the loads that came into force.'),
    loadedAt: time,
    profiles: z.int(),
    machines: z.int(),
    ok: z.boolean().describe('false: the newest files are broken, and an older inventory serves.'),
    diagnostics: z.array(text),
  }),
  leases: z.record(text, z.int()).describe('Bindings by state.'),
  pools: z.array(Pool),
});
export type Status = z.infer<typeof Status>;

export const Health = z.object({ status: z.enum(['ok', 'unavailable']), reasons: z.array(text) });

export const ErrorBody = z.object({ error: text.describe('A fixed code.'), message: text });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** A client as `explain` takes it; the same keys as a profile's `tests: given:`, and a MAC. */
export interface ExplainQuery {
  readonly mac: Mac;
  readonly arch?: Arch | number | undefined;
  readonly ipxe?: boolean | undefined;
  readonly uuid?: string | undefined;
  readonly vendorClass?: string | undefined;
  readonly userClass?: string | undefined;
  readonly giaddr?: Ipv4 | undefined;
  readonly circuitId?: string | undefined;
  readonly remoteId?: string | undefined;
}

/** Who asks for its iPXE script. */
export interface ScriptQuery {
  /** As the query says. */
  readonly mac?: Mac | undefined;
  /** Whoever has the asking address by lease or neighbour table. */
  readonly requesterMac?: Mac | undefined;
  readonly arch?: Arch | number | undefined;
  readonly uuid?: string | undefined;
  /** An item of its menu, counted from 1; undefined: the menu itself. */
  readonly item?: number | undefined;
  readonly address: IpAddress | undefined;
  /** Our own address that the client asked, for URLs in the script. */
  readonly serverAddress: IpAddress;
}

/** not-found: no profile gives this machine a script. broken: a template that does not render. */
export type ScriptResult =
  | { readonly text: string }
  | { readonly failure: 'not-found' | 'broken'; readonly detail: string };

/** Whether something is well; reasons are whole sentences, and there is one at least when it is not. */
export interface Verdict {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

type Answer<T> = T | Promise<T>;

/** Everything that the API tells and the journal does not know. Implemented by app.ts. */
export interface ApiSource {
  /** By address, made as they are taken, since there may be a million; undefined: one that is not wanted. */
  leases(filter: LeaseFilter): Iterable<Lease | undefined>;
  pools(): readonly Pool[];
  /** In the order in which they are tried. */
  profiles(): Answer<readonly ProfileEntry[]>;
  /** The inventory's machines. */
  machines(): Answer<readonly KnownMachine[]>;
  status(): Answer<Status>;
  explain(query: ExplainQuery): Answer<Explanation>;
  script(query: ScriptQuery): Answer<ScriptResult>;
  /** Whether the process works at all: a restart would help if not. */
  health(): Answer<Verdict>;
  /** Whether it can answer machines now: sockets bound, an inventory in force, the lease store writable. */
  ready(): Answer<Verdict>;
}
