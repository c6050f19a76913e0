/** The MAC address that boot loaders write into the names of the configuration files they look for. */
import { type Mac, parseMac } from '../values/mac.ts';

/** 01 is Ethernet's ARP hardware type, as PXELINUX's BOOTIF has it; GRUB took the form over. */
const NAME = /(?:^|[/\\])(?:grub\.cfg-)?01-((?:[0-9a-f]{2}-){5}[0-9a-f]{2})$/i;

/**
 * `pxelinux.cfg/01-aa-bb-cc-dd-ee-ff`, `grub/grub.cfg-01-aa-bb-cc-dd-ee-ff` → `aa:bb:cc:dd:ee:ff`, whatever the
 * directory and the case. Undefined for other names, and for what no NIC has as its address: group addresses and zeros.
 */
export function macInConfigName(path: string): Mac | undefined {
  const mac = parseMac(NAME.exec(path)?.[1] ?? '');
  if (mac === undefined || mac === '00:00:00:00:00:00') return undefined;
  const group = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return group ? undefined : mac;
}
