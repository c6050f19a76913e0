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

/** The character codes of a byte's two digits. */
const HIGH = Uint8Array.from(HEX, (digits) => digits.charCodeAt(0));
const LOW = Uint8Array.from(HEX, (digits) => digits.charCodeAt(1));
const COLON = 58;

/** Six octets as text, made at once: to join it from parts takes five times as long, and every message has one. */
// biome-ignore format: a line an octet
function sixOctets(a: number, b: number, c: number, d: number, e: number, f: number): Mac {
  return String.fromCharCode(
    HIGH[a] as number, LOW[a] as number, COLON,
    HIGH[b] as number, LOW[b] as number, COLON,
    HIGH[c] as number, LOW[c] as number, COLON,
    HIGH[d] as number, LOW[d] as number, COLON,
    HIGH[e] as number, LOW[e] as number, COLON,
    HIGH[f] as number, LOW[f] as number,
  );
}

/** Octets of any length → lower-case hex joined by colons. */
export function formatMac(octets: Uint8Array): Mac {
  if (octets.length !== 6) return Array.from(octets, (octet) => HEX[octet]).join(':');
  const [a, b, c] = [octets[0] as number, octets[1] as number, octets[2] as number];
  const [d, e, f] = [octets[3] as number, octets[4] as number, octets[5] as number];
  return sixOctets(a, b, c, d, e, f);
}

/** Canonical MAC → its octets. */
export function macOctets(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** `52:54:00:aa:00:01` → `52-54-00-aa-00-01`, the form used in file names (pxelinux.cfg/01-…) and host names. */
export function hyphenMac(mac: Mac): string {
  return mac.replaceAll(':', '-');
}

/**
 * Whether a client identifier in hex is the hardware type 1 and this address (RFC 2132 §9.14). Compared digit by digit,
 * since most clients send such a one and every message asks.
 */
export function isClientIdOfMac(clientId: string, mac: Mac): boolean {
  const octets = (mac.length + 1) / 3;
  if (clientId.length !== 2 + octets * 2 || !clientId.startsWith('01')) return false;
  for (let octet = 0; octet < octets; octet++) {
    const at = octet * 2 + 2;
    if (clientId.charCodeAt(at) !== mac.charCodeAt(octet * 3)) return false;
    if (clientId.charCodeAt(at + 1) !== mac.charCodeAt(octet * 3 + 1)) return false;
  }
  return true;
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
  return sixOctets(high >>> 16, (high >>> 8) & 255, high & 255, low >>> 16, (low >>> 8) & 255, low & 255);
}
