/**
 * The memory of the lease table: typed arrays that grow together, one element a slot. A million small objects would cost
 * three times as much, and a garbage collector that walks them.
 */

/** No slot: the end of a list, an empty place of an index. */
export const NONE = -1;

/** Which list `next` and `previous` of a slot are links of. A slot is in one at most. */
export const LIST = {
  /** The slot holds no binding. */
  vacant: 0,
  /** In no list: its time has passed, and the address is offered, or was passed over as reserved. */
  none: 1,
  /** Its binding is running: the slots that end within one second. */
  running: 2,
  /** Its address is free: the slots of one pool, least recently used first. */
  idle: 3,
} as const;

export interface Columns {
  ip: Uint32Array;
  /** Six octets as a number of 48 bits. */
  mac: Float64Array;
  /** An index into the states of a binding. */
  state: Uint8Array;
  /** How identity, MAC and client identifier are kept (names.ts). */
  form: Uint8Array;
  /** Unix milliseconds. */
  expiresAt: Float64Array;
  touchedAt: Float64Array;
  /** Changes of the binding that are in force and not durable yet. */
  unsaved: Uint32Array;
  list: Uint8Array;
  next: Int32Array;
  previous: Int32Array;
  /** The hash of the identity, and the slots that share the identity as a doubly linked list. */
  identityHash: Int32Array;
  nextOfClient: Int32Array;
  previousOfClient: Int32Array;
}

export interface Slots {
  readonly columns: Columns;
  /** Slots in use; they are numbered without gaps, apart from the vacant ones among them. */
  readonly end: number;
  take(): number;
  giveBack(slot: number): void;
}

function doubled<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}

export function createSlots(initial: number): Slots {
  const columns: Columns = {
    ip: new Uint32Array(initial),
    mac: new Float64Array(initial),
    state: new Uint8Array(initial),
    form: new Uint8Array(initial),
    expiresAt: new Float64Array(initial),
    touchedAt: new Float64Array(initial),
    unsaved: new Uint32Array(initial),
    list: new Uint8Array(initial),
    next: new Int32Array(initial),
    previous: new Int32Array(initial),
    identityHash: new Int32Array(initial),
    nextOfClient: new Int32Array(initial),
    previousOfClient: new Int32Array(initial),
  };
  const vacant: number[] = [];
  let end = 0;

  const grow = (): void => {
    columns.ip = doubled(columns.ip);
    columns.mac = doubled(columns.mac);
    columns.state = doubled(columns.state);
    columns.form = doubled(columns.form);
    columns.expiresAt = doubled(columns.expiresAt);
    columns.touchedAt = doubled(columns.touchedAt);
    columns.unsaved = doubled(columns.unsaved);
    columns.list = doubled(columns.list);
    columns.next = doubled(columns.next);
    columns.previous = doubled(columns.previous);
    columns.identityHash = doubled(columns.identityHash);
    columns.nextOfClient = doubled(columns.nextOfClient);
    columns.previousOfClient = doubled(columns.previousOfClient);
  };

  return {
    columns,
    get end() {
      return end;
    },
    take() {
      const reused = vacant.pop();
      if (reused !== undefined) return reused;
      if (end === columns.ip.length) grow();
      return end++;
    },
    giveBack(slot) {
      columns.list[slot] = LIST.vacant;
      vacant.push(slot);
    },
  };
}
