/** Ethernet addresses as text in one canonical form, so that they compare and key maps as plain strings. */

/** Six lower-case hex octets joined by colons: `52:54:00:aa:00:01`. */
export type Mac = string;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Any usual writing of a MAC → canonical form: colons, hyphens, Cisco dots (`5254.00aa.0001`), or twelve bare digits;
 * either case. Undefined for everything else.
 */
export function parseMac(text: string): Mac | undefined {
  const separated = /^[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(\1[0-9a-f]{1,2}){4}$/i.test(text);
  if (separated) {
    return text
      .toLowerCase()
      .split(/[:-]/)
      .map((octet) => octet.padStart(2, '0'))
      .join(':');
  }
  if (!/^(?:[0-9a-f]{12}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/i.test(text)) return undefined;
  return (text.replaceAll('.', '').toLowerCase().match(/../g) ?? []).join(':');
}

/** Octets of any length → lower-case hex joined by colons. */
export function formatMac(octets: Uint8Array): Mac {
  let text = '';
  for (const octet of octets) text += text === '' ? HEX[octet] : `:${HEX[octet]}`;
  return text;
}

/** Canonical MAC → its octets. */
export function macOctets(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** `52:54:00:aa:00:01` → `52-54-00-aa-00-01`, the form used in file names (pxelinux.cfg/01-…) and host names. */
export function hyphenMac(mac: Mac): string {
  return mac.replaceAll(':', '-');
}

const HALF = 2 ** 24;

/** The value of a hexadecimal digit by its character code. */
const digit = (code: number): number => (code & 15) + (code >> 6) * 9;

function octetAt(text: string, at: number): number {
  return (digit(text.charCodeAt(at)) << 4) | digit(text.charCodeAt(at + 1));
}

/** Whether a canonical MAC is Ethernet's: other hardware has addresses of other lengths. */
export function isSixOctets(mac: Mac): boolean {
  return mac.length === 17;
}

/** A canonical MAC as a number of 48 bits, for tables that hold a million of them. */
export function macToNumber(mac: Mac): number {
  const high = (octetAt(mac, 0) << 16) | (octetAt(mac, 3) << 8) | octetAt(mac, 6);
  const low = (octetAt(mac, 9) << 16) | (octetAt(mac, 12) << 8) | octetAt(mac, 15);
  return high * HALF + low;
}

/** The inverse of macToNumber(). */
export function macFromNumber(value: number): Mac {
  const high = Math.floor(value / HALF);
  const low = value % HALF;
  const [a, b, c] = [HEX[high >>> 16], HEX[(high >>> 8) & 255], HEX[high & 255]];
  return `${a}:${b}:${c}:${HEX[low >>> 16]}:${HEX[(low >>> 8) & 255]}:${HEX[low & 255]}`;
}
