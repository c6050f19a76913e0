/**
 * What a probe finds out of order, as a closed set. docs/probe.md explains each code; a test keeps the two together.
 */

/** error: this boot fails. warning: it works, or may, and something will bite some day. note: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** Each code and how bad it is unless its finder says otherwise. */
const SEVERITIES = {
  // Who answers
  NO_ANSWER: 'error',
  NO_ADDRESS: 'error',
  NO_BOOT_FILE: 'error',
  SECOND_DHCP_SERVER: 'warning',
  SECOND_BOOT_SERVER: 'warning',
  STRANGER_CLASS: 'error',
  MALFORMED_REPLY: 'warning',
  LATE_OFFER: 'warning',
  // What they offer
  NO_SERVER: 'error',
  SERVERS_DIFFER: 'warning',
  FILES_DIFFER: 'warning',
  ODD_NAME: 'error',
  NO_MASK: 'warning',
  NO_ROUTER: 'error',
  DISCOVERY_FOR_UEFI: 'warning',
  NOT_HTTP_CLASS: 'error',
  NOT_A_URL: 'error',
  URL_FOR_PXE: 'error',
  NO_DNS: 'error',
  // Port 4011
  PXE_PORT_SILENT: 'error',
  PXE_PORT_WITHOUT_FILE: 'error',
  LOCAL_BOOT: 'note',
  MENU_WAITS: 'warning',
  // The way to the file
  NO_OWN_ADDRESS: 'error',
  SAME_MACHINE: 'note',
  TFTP_SILENT: 'error',
  TFTP_STALLED: 'error',
  LARGE_BLOCKS_LOST: 'error',
  TFTP_REFUSED: 'error',
  FILE_NOT_FOUND: 'error',
  NO_SIZE: 'error',
  SIZE_DIFFERS: 'error',
  DIGEST_DIFFERS: 'error',
  NAME_UNRESOLVED: 'error',
  HTTP_FAILED: 'error',
  HTTP_STATUS: 'error',
  REDIRECTED: 'warning',
  UNKNOWN_SCHEME: 'error',
  // The file itself
  EMPTY_FILE: 'error',
  NOT_A_PROGRAM: 'error',
  WRONG_ARCHITECTURE: 'error',
  TOO_LARGE: 'error',
  IPXE_AGAIN: 'warning',
  IPXE_NEXT: 'note',
  // The script
  NOT_FOLLOWED: 'note',
  TOO_DEEP: 'warning',
} as const satisfies Readonly<Record<string, Severity>>;

export type FindingCode = keyof typeof SEVERITIES;

export const FINDING_CODES = Object.keys(SEVERITIES) as readonly FindingCode[];

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** What is the matter, one sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

export function finding(
  code: FindingCode,
  message: string,
  hint: string,
  severity: Severity = SEVERITIES[code],
): Finding {
  return { severity, code, message, hint };
}

/** Whether the chain holds: nothing found breaks it. */
export function holds(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'error');
}
