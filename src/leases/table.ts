/**
 * Every binding there is, in memory: the one place that is asked while a packet waits. Struct of arrays (columns.ts); a
 * binding becomes an object only when it is looked at.
 */
import type { Ipv4, Range } from '../values/ipv4.ts';
import { createClientLists } from './client-lists.ts';
import { createSlots, LIST, NONE } from './columns.ts';
import { createExpiry } from './expiry.ts';
import { createNames } from './names.ts';
import { createOffers, type Offer } from './offers.ts';
import { createPools } from './pools.ts';
import { leastRecentFirst } from './recency.ts';
import { createSlotIndex, hashAddress } from './slot-index.ts';
import { type Binding, type BindingState, STATES } from './store.ts';
import { type BindingCounts, createUsage, type PoolUsage, usageOf } from './usage.ts';
import type { Holding, LeaseView } from './view.ts';

export interface LeaseTable extends LeaseView {
  /** Bindings, expired and released ones included. */
  readonly size: number;
  readonly offers: number;
  /** Puts a stored binding in place, at start; setPools() comes after the last. Of several for an address the last counts. */
  load(binding: Binding, now: number): void;
  /**
   * Puts a binding in force and tells what stood in its place; an offer of that address is over. Either saved() or undo()
   * follows, once what became of it on the disk is known.
   */
  bind(binding: Binding): Binding | undefined;
  /** A bind() of this address is durable, or stays in force without. */
  saved(ip: Ipv4): void;
  /** Takes back a bind(): `before` is what it returned. */
  undo(ip: Ipv4, before: Binding | undefined): void;
  offer(offer: Offer): void;
  withdraw(ip: Ipv4): void;
  /** Gives back what has run out since the last call. Cheap when nothing has. */
  expire(now: number): void;
  /**
   * Replaces the pools, after loading and after a reload; free addresses queue up by when they were last used. When
   * the pools are as before, only what was passed over as reserved is looked at again.
   */
  setPools(ranges: readonly Range[]): void;
  /** Every binding, in no order. */
  all(): Iterable<Binding>;
  /** The addresses of all bindings within a range, ascending. */
  addresses(within: Range): Uint32Array;
  /** Bindings by what they are since the last expire(). */
  counts(): BindingCounts;
  /** Pool by pool, by address. Of the reserved addresses, the idle ones count, since nobody else can have them. */
  usage(reserved: Iterable<Ipv4>): readonly PoolUsage[];
}

const BOUND = STATES.indexOf('bound');

const sameRanges = (some: readonly Range[], others: readonly Range[]): boolean =>
  some.length === others.length &&
  some.every(({ first, last }, index) => first === others[index]?.first && last === others[index]?.last);

export function createLeaseTable(ranges: readonly Range[], expected = 1024): LeaseTable {
  const slots = createSlots(expected);
  const { columns } = slots;
  const names = createNames(columns);
  const expiry = createExpiry(columns);
  const offers = createOffers();
  const clients = createClientLists(columns, names);
  const byIp = createSlotIndex<Ipv4>({
    hash: hashAddress,
    hashOf: (slot) => hashAddress(columns.ip[slot] as number),
    isKeyOf: (slot, ip) => columns.ip[slot] === ip,
  });
  let size = 0;
  let loading = false;
  /** When expire() was called last. */
  let sweptAt = Number.NEGATIVE_INFINITY;
  let pools = createPools(ranges, columns);
  let usage = createUsage(pools, columns);

  /** Offers by the pool of their address; addresses outside the pools (fixed ones) count under none. */
  let offersByPool = new Map<number, number>();

  const holding = (slot: number): Holding => ({
    ip: columns.ip[slot] as number,
    state: STATES[columns.state[slot] as number] as BindingState,
    expiresAt: columns.expiresAt[slot] as number,
    touchedAt: columns.touchedAt[slot] as number,
  });

  const read = (slot: number): Binding => ({
    ...holding(slot),
    identity: names.identity(slot),
    mac: names.mac(slot),
    clientId: names.clientId(slot),
    hostname: names.hostname(slot),
  });

  const at = (ip: Ipv4): Binding | undefined => {
    const slot = byIp.find(ip);
    return slot === NONE ? undefined : read(slot);
  };

  /** What stands in the place of a binding. Mostly it is the same client's, whose names are at hand then. */
  const before = (binding: Binding): Binding | undefined => {
    const slot = byIp.find(binding.ip);
    if (slot === NONE) return undefined;
    return names.areOf(slot, binding) ? { ...binding, ...holding(slot) } : read(slot);
  };

  const isOffered = (ip: Ipv4): boolean => offers.at(ip) !== undefined;

  const isRunning = (slot: number): boolean => slot !== NONE && columns.list[slot] === LIST.running;

  /** Back to its pool, unless somebody holds it: a running binding, or an offer. */
  const giveBack = (ip: Ipv4, slot = byIp.find(ip)): void => {
    if (!isRunning(slot) && !isOffered(ip)) pools.give(ip, slot);
  };

  const countOffer = (ip: Ipv4, change: 1 | -1): void => {
    const pool = pools.poolOf(ip);
    if (pool !== undefined) offersByPool.set(pool, (offersByPool.get(pool) ?? 0) + change);
  };

  const endOffer = (ip: Ipv4): boolean => {
    const ended = offers.withdraw(ip) !== undefined;
    if (ended) countOffer(ip, -1);
    return ended;
  };

  /** Out of whatever list holds it, so that its fields may change. */
  const detach = (slot: number): void => {
    if (columns.list[slot] === LIST.running) expiry.remove(slot);
    else if (columns.list[slot] === LIST.idle) pools.take(columns.ip[slot] as number, slot);
  };

  const newSlot = (ip: Ipv4): number => {
    const slot = slots.take();
    columns.ip[slot] = ip;
    columns.list[slot] = LIST.none;
    byIp.add(slot);
    size++;
    return slot;
  };

  /** The fields of a binding into the slot of its address: `known`, which is in no list, or a new one. */
  const put = (binding: Binding, known: number): number => {
    const slot = known === NONE ? newSlot(binding.ip) : known;
    if (known === NONE || !clients.holds(slot, binding.identity)) {
      if (known !== NONE) clients.remove(slot);
      names.write(slot, binding);
      clients.add(slot, binding.identity);
    } else {
      names.write(slot, binding);
    }
    columns.state[slot] = STATES.indexOf(binding.state);
    columns.expiresAt[slot] = binding.expiresAt;
    columns.touchedAt[slot] = binding.touchedAt;
    return slot;
  };

  const write = (binding: Binding): void => {
    const known = byIp.find(binding.ip);
    if (known !== NONE) {
      usage.count(known, -1);
      detach(known);
    }
    const slot = put(binding, known);
    if (binding.state === 'released') giveBack(binding.ip);
    else {
      pools.take(binding.ip, slot);
      expiry.add(slot);
    }
    usage.count(slot, 1);
  };

  const countUnsaved = (ip: Ipv4, change: 1 | -1): void => {
    const slot = byIp.find(ip);
    columns.unsaved[slot] = (columns.unsaved[slot] as number) + change;
  };

  const erase = (ip: Ipv4): void => {
    const slot = byIp.find(ip);
    if (slot === NONE) return;
    usage.count(slot, -1);
    detach(slot);
    clients.remove(slot);
    byIp.remove(slot);
    slots.giveBack(slot);
    size--;
    giveBack(ip);
  };

  /** Idle bindings into the queues of new pools, least recently used first, and everything counted anew. */
  const restock = (): void => {
    usage = createUsage(pools, columns);
    offersByPool = new Map();
    for (const ip of offers.addresses()) countOffer(ip, 1);
    const idle = new Int32Array(slots.end);
    let idleCount = 0;
    for (let slot = 0; slot < slots.end; slot++) {
      if (columns.list[slot] === LIST.vacant) continue;
      usage.count(slot, 1);
      if (columns.list[slot] === LIST.running) continue;
      columns.list[slot] = LIST.none;
      idle[idleCount++] = slot;
    }
    for (const slot of leastRecentFirst(idle.subarray(0, idleCount), columns.touchedAt))
      giveBack(columns.ip[slot] as number, slot);
    // Steps over what is in use now rather than while the first client waits.
    for (let pool = 0; pool < pools.ranges.length; pool++)
      pools.peek(
        pool,
        candidates(() => false),
      );
  };

  /** After a clock that was ahead was set right: what had ended by it runs on, as its client believes. */
  const revive = (now: number): void => {
    for (let slot = 0; slot < slots.end; slot++) {
      const list = columns.list[slot];
      if (list === LIST.vacant || list === LIST.running || (columns.expiresAt[slot] as number) <= now)
        continue;
      if (STATES[columns.state[slot] as number] === 'released') continue;
      usage.count(slot, -1);
      detach(slot);
      expiry.add(slot);
      usage.count(slot, 1);
    }
  };

  const candidates = (isReserved: (ip: Ipv4) => boolean) => ({ slotOf: byIp.find, isOffered, isReserved });

  return {
    get size() {
      return size;
    },
    get offers() {
      return offers.size;
    },
    at,
    holdingAt(ip) {
      const slot = byIp.find(ip);
      return slot === NONE ? undefined : holding(slot);
    },
    storedLease(client) {
      const slot = byIp.find(client.ip);
      const isDurable = isRunning(slot) && columns.unsaved[slot] === 0 && columns.state[slot] === BOUND;
      if (!isDurable || !clients.holds(slot, client.identity) || !names.isMac(slot, client.mac))
        return undefined;
      const { hostname } = client;
      return hostname === undefined || hostname === names.hostname(slot) ? holding(slot) : undefined;
    },
    isHeldBy(ip, identity) {
      const slot = byIp.find(ip);
      return slot !== NONE && clients.holds(slot, identity);
    },
    of(identity) {
      const found: Holding[] = [];
      for (let slot = clients.first(identity); slot !== NONE; slot = columns.nextOfClient[slot] as number) {
        found.push(holding(slot));
      }
      return found;
    },
    offerAt: (ip) => offers.at(ip),
    offerOf: (identity) => offers.of(identity),
    offersIn(range) {
      let count = 0;
      for (const pool of pools.within(range)) count += offersByPool.get(pool) ?? 0;
      return count;
    },
    inPool: (ip) => pools.poolOf(ip) !== undefined,
    nextFree(within, isReserved) {
      for (const pool of pools.within(within)) {
        const ip = pools.peek(pool, candidates(isReserved));
        if (ip !== undefined) return ip;
      }
      return undefined;
    },
    load(binding, now) {
      loading = true;
      const known = byIp.find(binding.ip);
      if (known !== NONE) detach(known);
      const slot = put(binding, known);
      if (binding.state !== 'released' && binding.expiresAt > now) expiry.add(slot);
    },
    bind(binding) {
      const replaced = before(binding);
      endOffer(binding.ip);
      write(binding);
      countUnsaved(binding.ip, 1);
      return replaced;
    },
    saved: (ip) => countUnsaved(ip, -1),
    undo(ip, before) {
      countUnsaved(ip, -1);
      if (before === undefined) erase(ip);
      else write(before);
    },
    offer(offer) {
      if (!isOffered(offer.ip)) countOffer(offer.ip, 1);
      const earlier = offers.put(offer);
      pools.take(offer.ip, byIp.find(offer.ip));
      if (earlier === undefined) return;
      countOffer(earlier.ip, -1);
      giveBack(earlier.ip);
    },
    withdraw(ip) {
      if (endOffer(ip)) giveBack(ip);
    },
    expire(now) {
      if (now < sweptAt) revive(now);
      sweptAt = now;
      expiry.sweep(now, (slot) => {
        usage.count(slot, -1);
        expiry.remove(slot);
        usage.count(slot, 1);
        giveBack(columns.ip[slot] as number, slot);
      });
      for (const offer of offers.expire(now)) {
        countOffer(offer.ip, -1);
        giveBack(offer.ip);
      }
    },
    setPools(newRanges) {
      if (!loading && sameRanges(ranges, newRanges)) {
        for (const ip of pools.takePassed()) giveBack(ip);
        return;
      }
      loading = false;
      ranges = newRanges;
      pools = createPools(newRanges, columns);
      restock();
    },
    *all() {
      for (let slot = 0; slot < slots.end; slot++) {
        if (columns.list[slot] !== LIST.vacant) yield read(slot);
      }
    },
    addresses({ first, last }) {
      const found = new Uint32Array(size);
      let count = 0;
      for (let slot = 0; slot < slots.end; slot++) {
        const ip = columns.ip[slot] as number;
        if (columns.list[slot] !== LIST.vacant && ip >= first && ip <= last) found[count++] = ip;
      }
      return found.subarray(0, count).sort();
    },
    counts: () => usage.total(),
    usage(reserved) {
      const count = (addresses: Iterable<Ipv4>, counts: (ip: Ipv4, isRunning: boolean) => boolean) => {
        const found = new Map<number, number>();
        for (const ip of addresses) {
          const pool = pools.poolOf(ip);
          if (pool === undefined || !counts(ip, isRunning(byIp.find(ip)))) continue;
          found.set(pool, (found.get(pool) ?? 0) + 1);
        }
        return found;
      };
      // A client may be offered the address that it has, which then is bound.
      const offered = count(offers.addresses(), (_, running) => !running);
      const kept = count(reserved, (ip, running) => !running && !isOffered(ip));
      return pools.ranges.map((range, pool) =>
        usageOf(range, usage.ofPool(pool), offered.get(pool) ?? 0, kept.get(pool) ?? 0),
      );
    },
  };
}
