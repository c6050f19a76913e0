/** Addresses as Node's sockets tell them, in the writing that the rest of the house uses. */

/** `::ffff:10.0.0.1`, an IPv4 peer on a dual-stack socket (RFC 4291 §2.5.5.2) → `10.0.0.1`; all else as it is. */
export function plainAddress(text: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  return mapped?.[1] ?? text;
}
