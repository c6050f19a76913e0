/** Hex for tests: how expected bytes are written. */

/** `01:02`, `01 02` or `0102`, over several lines too → bytes. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/[^0-9a-f]/gi, '').match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
}

/** Bytes → `0102`. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
