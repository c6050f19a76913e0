/**
 * Key → slot by open addressing: one 32-bit number an entry, where a Map spends 28 to 56 bytes. The keys themselves stay
 * in the table's columns.
 */
import { NONE } from './columns.ts';

export interface SlotIndex<Key> {
  /** The slot of a key; NONE when it has none. */
  find(key: Key): number;
  /** The key of the slot must not be there yet. */
  add(slot: number): void;
  /** The slot takes the place of another that has the same key. */
  replace(slot: number, by: number): void;
  /** The key of the slot must be there. */
  remove(slot: number): void;
}

export interface KeyOfSlot<Key> {
  /** 32 bits: the low ones choose the place. */
  hash(key: Key): number;
  hashOf(slot: number): number;
  /** `hash` is that of the key. */
  isKeyOf(slot: number, key: Key, hash: number): boolean;
}

const SMALLEST = 16;

export function createSlotIndex<Key>({ hash, hashOf, isKeyOf }: KeyOfSlot<Key>): SlotIndex<Key> {
  let places = new Int32Array(SMALLEST).fill(NONE);
  let mask = SMALLEST - 1;
  let size = 0;

  const put = (slot: number): void => {
    let at = hashOf(slot) & mask;
    while (places[at] !== NONE) at = (at + 1) & mask;
    places[at] = slot;
  };

  const grow = (): void => {
    const old = places;
    mask = old.length * 2 - 1;
    places = new Int32Array(old.length * 2).fill(NONE);
    for (const slot of old) if (slot !== NONE) put(slot);
  };

  const placeOf = (slot: number): number => {
    let at = hashOf(slot) & mask;
    while (places[at] !== slot) at = (at + 1) & mask;
    return at;
  };

  return {
    find(key) {
      const wanted = hash(key);
      for (let at = wanted & mask; ; at = (at + 1) & mask) {
        const slot = places[at] as number;
        if (slot === NONE || isKeyOf(slot, key, wanted)) return slot;
      }
    },
    add(slot) {
      // Beyond half full, runs of taken places grow long.
      if (++size * 2 > places.length) grow();
      put(slot);
    },
    replace(slot, by) {
      places[placeOf(slot)] = by;
    },
    remove(slot) {
      size--;
      let hole = placeOf(slot);
      // What follows in the same run moves up unless that would put it before its own place.
      for (let at = (hole + 1) & mask; places[at] !== NONE; at = (at + 1) & mask) {
        const home = hashOf(places[at] as number) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        places[hole] = places[at] as number;
        hole = at;
      }
      places[hole] = NONE;
    },
  };
}

/** Mixes a 32-bit number so that neighbours end far apart. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 16);
}

/**
 * Sixteen neighbours share a line of the processor's cache, since addresses are loaded and given out one after the
 * other; blocks are spread, since the pools of many subnets look alike in their low bits.
 */
export function hashAddress(ip: number): number {
  return (mix(ip >>> 4) & ~15) | (ip & 15);
}

/** FNV-1a over the characters, mixed. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}
