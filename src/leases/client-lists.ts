/** Identity → the slots of its bindings, one for each network that the client has been on. */
import { type Columns, NONE } from './columns.ts';
import type { Names } from './names.ts';
import { createSlotIndex, hashText } from './slot-index.ts';

export interface ClientLists {
  /** The first slot of a client; the others follow by the column `nextOfClient`. NONE: it is not known. */
  first(identity: string): number;
  /** Whether the slot stands in the list of this client. */
  holds(slot: number, identity: string): boolean;
  /** Puts a slot in, whose names are written already. */
  add(slot: number, identity: string): void;
  remove(slot: number): void;
}

export function createClientLists(columns: Columns, names: Names): ClientLists {
  const firsts = createSlotIndex<string>({
    hash: hashText,
    hashOf: (slot) => columns.identityHash[slot] as number,
    isKeyOf: (slot, identity, hash) =>
      columns.identityHash[slot] === hash && names.isIdentity(slot, identity),
  });

  return {
    first: firsts.find,
    holds: (slot, identity) =>
      columns.identityHash[slot] === hashText(identity) && names.isIdentity(slot, identity),
    add(slot, identity) {
      columns.identityHash[slot] = hashText(identity);
      columns.previousOfClient[slot] = NONE;
      const first = firsts.find(identity);
      columns.nextOfClient[slot] = first;
      if (first === NONE) {
        firsts.add(slot);
        return;
      }
      columns.previousOfClient[first] = slot;
      firsts.replace(first, slot);
    },
    remove(slot) {
      const next = columns.nextOfClient[slot] as number;
      const previous = columns.previousOfClient[slot] as number;
      if (next !== NONE) columns.previousOfClient[next] = previous;
      if (previous !== NONE) columns.nextOfClient[previous] = next;
      else if (next !== NONE) firsts.replace(slot, next);
      else firsts.remove(slot);
    },
  };
}
