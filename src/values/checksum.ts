/** The Internet checksum (RFC 1071). */

/**
 * Of the bytes, an odd one at the end counted as if a zero followed: what belongs into a checksum field that is zero
 * among them, and zero when the field is among them and right.
 */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
