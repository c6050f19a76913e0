/**
 * Every binding there is, in memory: the one place that is asked while a packet waits. Struct of arrays, since a million
 * small objects would cost three times the memory and a garbage collector that walks them; a binding becomes an object
 * only when it is looked at.
 */
import type { Ipv4, Range } from '../values/ipv4.ts';
import { formatMac, macOctets } from '../values/mac.ts';
import { createOffers, type Offer } from './offers.ts';
import { createPools } from './pools.ts';
import type { Binding, BindingState } from './store.ts';

/** What allocation may ask. Read only, so that deciding twice gives the same answer. */
export interface LeaseView {
  at(ip: Ipv4): Binding | undefined;
  /** All of a client's bindings, one for each network that it has been on. */
  of(identity: string): readonly Binding[];
  offerAt(ip: Ipv4): Offer | undefined;
  offerOf(identity: string): Offer | undefined;
  /** Offers that wait for their clients, of addresses within a range's pools. */
  offersIn(range: Range): number;
  /** Whether the address lies in a configured pool. */
  inPool(ip: Ipv4): boolean;
  /** The next free address of the pools within a range, least recently used first; undefined: exhausted. */
  nextFree(within: Range, isReserved: (ip: Ipv4) => boolean): Ipv4 | undefined;
}

export interface LeaseTable extends LeaseView {
  /** Bindings, expired and released ones included. */
  readonly size: number;
  readonly offers: number;
  /** Puts a binding in force and tells what stood in its place; an offer of that address is over. */
  bind(binding: Binding): Binding | undefined;
  /** Takes back a bind(): `before` is what it returned. */
  undo(ip: Ipv4, before: Binding | undefined): void;
  offer(offer: Offer): void;
  withdraw(ip: Ipv4): void;
  /** Gives back what has run out since the last call. Cheap when nothing has. */
  expire(now: number): void;
  /** Replaces the pools, after loading and after a reload; free addresses queue up by when they were last used. */
  setPools(ranges: readonly Range[]): void;
  all(): Iterable<Binding>;
}

const STATES: readonly BindingState[] = ['bound', 'released', 'declined'];
const NONE = -1;
const BUCKET_MS = 1000;

/** Doubling arrays, one element a slot. */
function createColumns(initial: number) {
  let capacity = initial;
  const columns = {
    ip: new Uint32Array(capacity),
    mac: new Float64Array(capacity),
    state: new Uint8Array(capacity),
    expiresAt: new Float64Array(capacity),
    touchedAt: new Float64Array(capacity),
    /** Doubly linked list of the slots that end within one second. */
    next: new Int32Array(capacity),
    previous: new Int32Array(capacity),
    /** 1 while the slot stands in such a list. */
    timed: new Uint8Array(capacity),
    /** Singly linked list of the slots of one identity. */
    sibling: new Int32Array(capacity),
  };
  const grow = (): void => {
    capacity *= 2;
    for (const name of Object.keys(columns) as (keyof typeof columns)[]) {
      const old = columns[name];
      const larger = new (old.constructor as Uint32ArrayConstructor)(capacity);
      larger.set(old);
      Object.assign(columns, { [name]: larger });
    }
  };
  return { columns, grow, room: () => capacity };
}

const ETHERNET_TEXT = 17;

const packMac = (mac: string): number => macOctets(mac).reduce((packed, octet) => packed * 256 + octet, 0);

function unpackMac(packed: number): string {
  const octets = new Uint8Array(6);
  for (let at = 5, rest = packed; at >= 0; at--, rest = Math.floor(rest / 256)) octets[at] = rest % 256;
  return formatMac(octets);
}

/** The lists of slots by the second in which they end. */
function createExpiry(columns: ReturnType<typeof createColumns>['columns']) {
  const heads = new Map<number, number>();
  const bucketOf = (slot: number): number => Math.floor((columns.expiresAt[slot] ?? 0) / BUCKET_MS);
  let sweptTo = Number.POSITIVE_INFINITY;

  return {
    add(slot: number): void {
      const bucket = bucketOf(slot);
      const head = heads.get(bucket) ?? NONE;
      columns.next[slot] = head;
      columns.previous[slot] = NONE;
      if (head !== NONE) columns.previous[head] = slot;
      heads.set(bucket, slot);
      if (bucket < sweptTo) sweptTo = bucket;
    },
    remove(slot: number): void {
      const next = columns.next[slot] ?? NONE;
      const previous = columns.previous[slot] ?? NONE;
      if (next !== NONE) columns.previous[next] = previous;
      if (previous !== NONE) columns.next[previous] = next;
      else if (next !== NONE) heads.set(bucketOf(slot), next);
      else heads.delete(bucketOf(slot));
    },
    /** Takes out every slot whose second has passed, oldest second first. */
    sweep(now: number, ended: (slot: number) => void): void {
      const until = Math.floor(now / BUCKET_MS);
      if (sweptTo >= until) return;
      const due =
        until - sweptTo > heads.size
          ? [...heads.keys()].filter((bucket) => bucket < until).sort((a, b) => a - b)
          : Array.from({ length: until - sweptTo }, (_, index) => sweptTo + index);
      for (const bucket of due) {
        let slot = heads.get(bucket) ?? NONE;
        heads.delete(bucket);
        while (slot !== NONE) {
          const next = columns.next[slot] ?? NONE;
          ended(slot);
          slot = next;
        }
      }
      sweptTo = until;
    },
  };
}

export function createLeaseTable(ranges: readonly Range[], expected = 1024): LeaseTable {
  const { columns, grow, room } = createColumns(expected);
  const expiry = createExpiry(columns);
  const offers = createOffers();
  const slotByIp = new Map<Ipv4, number>();
  const slotByIdentity = new Map<string, number>();
  const identities: string[] = [];
  const clientIds: (string | undefined)[] = [];
  const hostnames: (string | undefined)[] = [];
  /** Hardware addresses that are not six octets long, by slot. */
  const oddMacs = new Map<number, string>();
  const freeSlots: number[] = [];
  let pools = createPools(ranges);

  const read = (slot: number): Binding => ({
    ip: columns.ip[slot] as number,
    identity: identities[slot] as string,
    mac: oddMacs.get(slot) ?? unpackMac(columns.mac[slot] as number),
    clientId: clientIds[slot],
    hostname: hostnames[slot],
    state: STATES[columns.state[slot] as number] as BindingState,
    expiresAt: columns.expiresAt[slot] as number,
    touchedAt: columns.touchedAt[slot] as number,
  });

  const link = (slot: number, identity: string): void => {
    columns.sibling[slot] = slotByIdentity.get(identity) ?? NONE;
    slotByIdentity.set(identity, slot);
    identities[slot] = identity;
  };

  const unlink = (slot: number): void => {
    const identity = identities[slot] as string;
    const after = columns.sibling[slot] ?? NONE;
    let at = slotByIdentity.get(identity) ?? NONE;
    if (at === slot) {
      if (after === NONE) slotByIdentity.delete(identity);
      else slotByIdentity.set(identity, after);
      return;
    }
    while (at !== NONE && columns.sibling[at] !== slot) at = columns.sibling[at] ?? NONE;
    if (at !== NONE) columns.sibling[at] = after;
  };

  const unschedule = (slot: number): void => {
    if (columns.timed[slot] === 1) expiry.remove(slot);
    columns.timed[slot] = 0;
  };

  const newSlot = (ip: Ipv4): number => {
    const slot = freeSlots.pop() ?? slotByIp.size;
    if (slot >= room()) grow();
    slotByIp.set(ip, slot);
    columns.ip[slot] = ip;
    return slot;
  };

  const write = (binding: Binding): void => {
    const known = slotByIp.get(binding.ip);
    const slot = known ?? newSlot(binding.ip);
    if (known !== undefined) unschedule(slot);
    if (known === undefined || identities[slot] !== binding.identity) {
      if (known !== undefined) unlink(slot);
      link(slot, binding.identity);
    }
    if (binding.mac.length === ETHERNET_TEXT) columns.mac[slot] = packMac(binding.mac);
    if (binding.mac.length !== ETHERNET_TEXT) oddMacs.set(slot, binding.mac);
    else if (oddMacs.size > 0) oddMacs.delete(slot);
    columns.state[slot] = STATES.indexOf(binding.state);
    columns.expiresAt[slot] = binding.expiresAt;
    columns.touchedAt[slot] = binding.touchedAt;
    clientIds[slot] = binding.clientId;
    hostnames[slot] = binding.hostname;
    if (binding.state === 'released') {
      pools.give(binding.ip);
      return;
    }
    pools.take(binding.ip);
    columns.timed[slot] = 1;
    expiry.add(slot);
  };

  const erase = (ip: Ipv4): void => {
    const slot = slotByIp.get(ip);
    if (slot === undefined) return;
    unschedule(slot);
    unlink(slot);
    slotByIp.delete(ip);
    freeSlots.push(slot);
    pools.give(ip);
  };

  const at = (ip: Ipv4): Binding | undefined => {
    const slot = slotByIp.get(ip);
    return slot === undefined ? undefined : read(slot);
  };

  /** In nobody's hands: not bound, not kept out, not offered. */
  const isFree = (ip: Ipv4): boolean => {
    const slot = slotByIp.get(ip);
    return (slot === undefined || columns.timed[slot] === 0) && offers.at(ip) === undefined;
  };

  /** Offers by the pool of their address; addresses outside the pools (fixed ones) count under none. */
  let offersByPool = new Map<number, number>();
  const countOffer = (ip: Ipv4, change: 1 | -1): void => {
    const pool = pools.poolOf(ip);
    if (pool !== undefined) offersByPool.set(pool, (offersByPool.get(pool) ?? 0) + change);
  };
  const endOffer = (ip: Ipv4): boolean => {
    const ended = offers.withdraw(ip) !== undefined;
    if (ended) countOffer(ip, -1);
    return ended;
  };

  const giveBack = (ip: Ipv4): void => {
    if (isFree(ip)) pools.give(ip);
  };

  return {
    get size() {
      return slotByIp.size;
    },
    get offers() {
      return offers.size;
    },
    at,
    of(identity) {
      const found: Binding[] = [];
      for (
        let slot = slotByIdentity.get(identity) ?? NONE;
        slot !== NONE;
        slot = columns.sibling[slot] ?? NONE
      ) {
        found.push(read(slot));
      }
      return found;
    },
    offersIn(range) {
      let count = 0;
      for (const pool of pools.within(range)) count += offersByPool.get(pool) ?? 0;
      return count;
    },
    offerAt: (ip) => offers.at(ip),
    offerOf: (identity) => offers.of(identity),
    inPool: (ip) => pools.poolOf(ip) !== undefined,
    nextFree(within, isReserved) {
      const candidates = {
        untouched: (ip: Ipv4) => !slotByIp.has(ip) && offers.at(ip) === undefined && !isReserved(ip),
        usable: (ip: Ipv4) => isFree(ip) && !isReserved(ip),
      };
      for (const pool of pools.within(within)) {
        const ip = pools.peek(pool, candidates);
        if (ip !== undefined) return ip;
      }
      return undefined;
    },
    bind(binding) {
      const before = at(binding.ip);
      endOffer(binding.ip);
      write(binding);
      return before;
    },
    undo(ip, before) {
      if (before === undefined) erase(ip);
      else write(before);
    },
    offer(offer) {
      if (offers.at(offer.ip) === undefined) countOffer(offer.ip, 1);
      const earlier = offers.put(offer);
      if (earlier !== undefined) countOffer(earlier.ip, -1);
      pools.take(offer.ip);
      if (earlier !== undefined) giveBack(earlier.ip);
    },
    withdraw(ip) {
      if (endOffer(ip)) giveBack(ip);
    },
    expire(now) {
      expiry.sweep(now, (slot) => {
        columns.timed[slot] = 0;
        giveBack(columns.ip[slot] as number);
      });
      for (const offer of offers.expire(now)) {
        countOffer(offer.ip, -1);
        giveBack(offer.ip);
      }
    },
    setPools(newRanges) {
      pools = createPools(newRanges);
      offersByPool = new Map();
      for (const offer of offers.all()) countOffer(offer.ip, 1);
      const idle = [...slotByIp.values()].filter((slot) => columns.timed[slot] === 0);
      idle.sort((a, b) => (columns.touchedAt[a] as number) - (columns.touchedAt[b] as number));
      for (const slot of idle) giveBack(columns.ip[slot] as number);
    },
    *all() {
      for (const slot of slotByIp.values()) yield read(slot);
    },
  };
}
