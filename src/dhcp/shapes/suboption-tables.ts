/** The sub-options that have names: the relay agent's (82) and iPXE's (175). */
import { bytes, textOrBytes } from './bytes.ts';
import type { SuboptionTable } from './encapsulated.ts';
import { presence } from './flag.ts';
import { uint8, uint32 } from './integer.ts';
import { ip } from './ip.ts';
import { secret, text } from './text.ts';

/** IANA "DHCP Relay Agent Sub-Option Codes". */
export const RELAY_SUBOPTIONS = {
  1: { name: 'circuit-id', shape: textOrBytes }, // RFC 3046
  2: { name: 'remote-id', shape: textOrBytes }, // RFC 3046
  4: { name: 'docsis-device-class', shape: uint32 }, // RFC 3256
  5: { name: 'link-selection', shape: ip }, // RFC 3527
  6: { name: 'subscriber-id', shape: textOrBytes }, // RFC 3993
  7: { name: 'radius-attributes', shape: bytes }, // RFC 4014
  8: { name: 'authentication', shape: bytes }, // RFC 4030
  9: { name: 'vendor-specific', shape: bytes }, // RFC 4243
  10: { name: 'flags', shape: uint8 }, // RFC 5010
  11: { name: 'server-id-override', shape: ip }, // RFC 5107
  12: { name: 'relay-id', shape: bytes }, // RFC 6925
  19: { name: 'relay-source-port', shape: presence }, // RFC 8357
  151: { name: 'virtual-subnet', shape: bytes }, // RFC 6607
  152: { name: 'virtual-subnet-control', shape: bytes }, // RFC 6607
} as const satisfies SuboptionTable;

/** iPXE's src/include/ipxe/dhcp.h and features.h. Feature numbers are bytes, 1 when built in. */
export const IPXE_SUBOPTIONS = {
  1: { name: 'priority', shape: bytes },
  8: { name: 'keep-san', shape: uint8 },
  9: { name: 'skip-san-boot', shape: uint8 },
  16: { name: 'pxe-extensions', shape: uint8 },
  17: { name: 'iscsi', shape: uint8 },
  18: { name: 'aoe', shape: uint8 },
  19: { name: 'http', shape: uint8 },
  20: { name: 'https', shape: uint8 },
  21: { name: 'tftp', shape: uint8 },
  22: { name: 'ftp', shape: uint8 },
  23: { name: 'dns', shape: uint8 },
  24: { name: 'bzimage', shape: uint8 },
  25: { name: 'multiboot', shape: uint8 },
  26: { name: 'slam', shape: uint8 },
  27: { name: 'srp', shape: uint8 },
  32: { name: 'nbi', shape: uint8 },
  33: { name: 'pxe', shape: uint8 },
  34: { name: 'elf', shape: uint8 },
  35: { name: 'comboot', shape: uint8 },
  36: { name: 'efi', shape: uint8 },
  37: { name: 'fcoe', shape: uint8 },
  38: { name: 'vlan', shape: uint8 },
  39: { name: 'menu', shape: uint8 },
  40: { name: 'sdi', shape: uint8 },
  41: { name: 'nfs', shape: uint8 },
  81: { name: 'scriptlet', shape: text },
  85: { name: 'syslogs', shape: text },
  91: { name: 'certificate', shape: bytes },
  92: { name: 'private-key', shape: bytes },
  93: { name: 'cross-certificate', shape: text },
  176: { name: 'no-pxedhcp', shape: uint8 },
  177: { name: 'bus-id', shape: bytes },
  188: { name: 'san-filename', shape: text },
  189: { name: 'bios-drive', shape: uint8 },
  190: { name: 'username', shape: text },
  191: { name: 'password', shape: secret },
  192: { name: 'reverse-username', shape: text },
  193: { name: 'reverse-password', shape: secret },
  235: { name: 'version', shape: bytes },
} as const satisfies SuboptionTable;
