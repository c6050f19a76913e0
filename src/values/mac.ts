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
