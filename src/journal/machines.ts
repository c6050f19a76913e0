/** MAC → slot, for the machines heard last: when all slots are taken, the machine that was silent for longest gives up its own. */
import { NONE } from '../leases/columns.ts';
import { createSlotIndex, hashAddress, hashText } from '../leases/slot-index.ts';
import { isSixOctets, type Mac, macFromNumber, macToNumber } from '../values/mac.ts';

export interface Machines {
  /** The slot of a machine, which is heard last now. `isNew`: the slot is empty, or was another machine's just now. */
  heard(mac: Mac): { readonly slot: number; readonly isNew: boolean };
  /** NONE: not known. */
  find(mac: Mac): number;
  macOf(slot: number): Mac;
  /** The one heard last comes last. */
  all(): number[];
}

/** How a MAC is kept and compared: hardware addresses of another length than Ethernet's stay text. */
type Key = number | Mac;

const keyOf = (mac: Mac): Key => (isSixOctets(mac) ? macToNumber(mac) : mac);

const HIGH = 2 ** 32;

function hashOfKey(key: Key): number {
  if (typeof key === 'string') return hashText(key);
  return hashAddress(Math.imul(Math.floor(key / HIGH), 0x9e3779b1) ^ (key % HIGH));
}

export function createMachines(capacity: number): Machines {
  const numbers = new Float64Array(capacity);
  const odd = new Map<number, Mac>();
  const hashes = new Int32Array(capacity);
  /** A circle in the order in which they were heard: after the newest comes the oldest. */
  const next = new Int32Array(capacity);
  const previous = new Int32Array(capacity);
  let newest = NONE;
  let size = 0;

  const index = createSlotIndex<Key>({
    hash: hashOfKey,
    hashOf: (slot) => hashes[slot] as number,
    isKeyOf: (slot, key, hash) => hashes[slot] === hash && isAt(slot, key),
  });

  const isAt = (slot: number, key: Key): boolean =>
    typeof key === 'string' ? odd.get(slot) === key : numbers[slot] === key;

  const link = (slot: number): void => {
    const oldest = newest === NONE ? slot : (next[newest] as number);
    const last = newest === NONE ? slot : newest;
    next[last] = slot;
    previous[slot] = last;
    next[slot] = oldest;
    previous[oldest] = slot;
    newest = slot;
  };

  /** Of a slot that is linked anew at once. The newest is so only when it is alone, and then its circle stays as it is. */
  const unlink = (slot: number): void => {
    const [before, after] = [previous[slot] as number, next[slot] as number];
    next[before] = after;
    previous[after] = before;
  };

  const emptySlot = (): number => {
    if (size < capacity) return size++;
    const oldest = next[newest] as number;
    index.remove(oldest);
    odd.delete(oldest);
    unlink(oldest);
    return oldest;
  };

  return {
    heard(mac) {
      const key = keyOf(mac);
      const known = index.find(key);
      if (known !== NONE) {
        if (known !== newest) {
          unlink(known);
          link(known);
        }
        return { slot: known, isNew: false };
      }
      const slot = emptySlot();
      // A number that is no MAC keeps the text of an odd one apart from all others.
      numbers[slot] = typeof key === 'number' ? key : NONE;
      if (typeof key === 'string') odd.set(slot, key);
      hashes[slot] = hashOfKey(key);
      index.add(slot);
      link(slot);
      return { slot, isNew: true };
    },
    find: (mac) => index.find(keyOf(mac)),
    macOf: (slot) => odd.get(slot) ?? macFromNumber(numbers[slot] as number),
    all() {
      const slots: number[] = [];
      for (let left = size, slot = newest; left > 0; left -= 1) {
        slot = next[slot] as number;
        slots.push(slot);
      }
      return slots;
    },
  };
}
