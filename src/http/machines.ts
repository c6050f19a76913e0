/** The machines that the inventory names and those that the network has shown, as one list. */
import type { JournalRecord } from '../journal/record.ts';
import type { MachineSummary } from '../journal/stories.ts';
import { formatIpv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import type { Event, KnownMachine, MachineEntry } from './api.ts';

/** A record as the API tells it. */
export function eventOf(record: JournalRecord): Event {
  const event = { ...record, at: isoTime(record.at) };
  return record.kind === 'decision' && record.ip !== undefined
    ? { ...event, ip: formatIpv4(record.ip) }
    : event;
}

export function isoTime(unixMilliseconds: number): string {
  return new Date(unixMilliseconds).toISOString();
}

/** One entry; an absent story: never seen, an absent inventory entry: a stranger. */
export function machineEntry(
  mac: Mac,
  story: MachineSummary | undefined,
  known: KnownMachine | undefined,
  vendor: string | undefined,
): MachineEntry {
  return {
    mac,
    name: known?.name ?? null,
    vendor: vendor ?? null,
    ip: story?.ip ?? known?.ip ?? null,
    arch: story?.arch ?? null,
    stage: story?.stage ?? null,
    profile: story?.profile ?? known?.profile ?? null,
    nic: story?.nic ?? null,
    last: story?.last ?? null,
    firstSeen: story === undefined ? null : isoTime(story.firstSeen),
    lastSeen: story === undefined ? null : isoTime(story.lastSeen),
  };
}

/** The inventory by MAC; a machine with several cards stands under each. */
export function byMac(machines: readonly KnownMachine[]): ReadonlyMap<Mac, KnownMachine> {
  return new Map(machines.flatMap((machine) => machine.macs.map((mac) => [mac, machine] as const)));
}

/** Those never seen first, then by when they were seen last. */
export function machineList(
  stories: readonly MachineSummary[],
  inventory: readonly KnownMachine[],
  vendorOf: (mac: Mac) => string | undefined,
): MachineEntry[] {
  const known = byMac(inventory);
  const seen = new Set(stories.map((story) => story.mac));
  const unseen = [...known].filter(([mac]) => !seen.has(mac));
  return [
    ...unseen.map(([mac, machine]) => machineEntry(mac, undefined, machine, vendorOf(mac))),
    ...stories.map((story) => machineEntry(story.mac, story, known.get(story.mac), vendorOf(story.mac))),
  ];
}
