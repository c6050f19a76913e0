/**
 * A Raspberry Pi's own network boot. Its ROM and EEPROM call themselves PXE on BIOS (arch 0) and are neither: they run
 * no boot program that PXE could name, but fetch their firmware's files by TFTP, first below their serial number.
 */
import type { Mac } from '../values/mac.ts';

/** Of Raspberry Pi Foundation, Ltd and (Trading) Ltd in the IEEE registry. */
const OUIS: ReadonlySet<string> = new Set([
  'b8:27:eb',
  'dc:a6:32',
  'e4:5f:01',
  '28:cd:c1',
  'd8:3a:dd',
  '2c:cf:67',
  '88:a2:9e',
]);

/**
 * Option 97 of an EEPROM since March 2020 begins with a fourcc instead of a UUID: RPi4, RPi5 (raspberrypi/documentation,
 * DHCP_OPTION97), or 0x80017590 in the first such releases (raspberrypi/firmware#1928). As canonical UUID text, whose
 * first field is little-endian on the wire.
 */
const FOURCC = /^(?:3[0-9]695052|80017590)-/;

const hasPiAddress = (mac: Mac): boolean => OUIS.has(mac.slice(0, 8));

/** Whether a client of arch 0 with the class `PXEClient` is one. UEFI or iPXE on such a board is not: it is what it says. */
export function isRaspberryPi(mac: Mac, uuid: string | undefined): boolean {
  return hasPiAddress(mac) || (uuid !== undefined && FOURCC.test(uuid));
}

/** The directory that a Pi asks in first: its serial number, or its MAC address when TFTP_PREFIX is 2. */
const OWN_DIRECTORY = /^(?:[0-9a-f]{8}|(?:[0-9a-f]{2}-){5}[0-9a-f]{2})\/(.+)$/i;

/**
 * `d1f0e2a3/start4.elf` → `start4.elf`: the same file for every Pi. Undefined for other paths, and for whoever is not
 * known to be a Pi: eight digits may be a date, and last year's kernel is not this year's.
 */
export function sharedPiPath(path: string, mac: Mac | undefined): string | undefined {
  return mac !== undefined && hasPiAddress(mac) ? OWN_DIRECTORY.exec(path)?.[1] : undefined;
}
