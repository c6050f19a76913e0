/** Values that are shared and replaced whole must not change in place; this makes a slip an error at once. */

/**
 * Freezes plain objects, arrays and maps all the way down, and returns the same value. A frozen map's set, delete and
 * clear throw. Byte arrays cannot be frozen in JavaScript and stay as they are.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  if (value instanceof Map) {
    for (const method of ['set', 'delete', 'clear'])
      Object.defineProperty(value, method, { value: refuseChange });
    for (const entry of value.values()) deepFreeze(entry);
  }
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) deepFreeze(Reflect.get(value, key));
  return value;
}

function refuseChange(): never {
  throw new TypeError('this map is part of a snapshot and cannot be changed');
}
