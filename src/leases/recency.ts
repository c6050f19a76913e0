/** The order in which idle bindings queue up for reuse: the one touched longest ago first. */

/**
 * Slots by when they were touched, oldest first. Time and position go into one number, since numbers sort ten times
 * faster than pairs; when both do not fit in its 53 bits, times closer than some milliseconds count as the same.
 */
export function leastRecentFirst(idle: Int32Array, touchedAt: Float64Array): Int32Array {
  const keys = new Float64Array(idle.length);
  let oldest = Number.POSITIVE_INFINITY;
  let newest = 0;
  for (let index = 0; index < idle.length; index++) {
    const time = touchedAt[idle[index] as number] as number;
    keys[index] = time;
    oldest = Math.min(oldest, time);
    newest = Math.max(newest, time);
  }
  const unit = Math.max(1, Math.ceil(((newest - oldest + 1) * idle.length) / Number.MAX_SAFE_INTEGER));
  for (let index = 0; index < keys.length; index++) {
    keys[index] = Math.floor(((keys[index] as number) - oldest) / unit) * idle.length + index;
  }
  keys.sort();
  const sorted = new Int32Array(idle.length);
  for (let index = 0; index < keys.length; index++) {
    sorted[index] = idle[(keys[index] as number) % idle.length] as number;
  }
  return sorted;
}
