/** What is wrong with a configuration file, where, and what to do: one shape for every YAML file that we read. */

export type Severity = 'error' | 'warning';

/** Closed set; each is a row of docs/diagnostics.md, and a test keeps the two alike. */
export const DIAGNOSTIC_CODES = [
  'YAML_SYNTAX', // the text is no YAML, or YAML that we do not take (two documents, a loop of aliases)
  'UNKNOWN_KEY', // with the nearest known key in the hint
  'DUPLICATE_KEY',
  'WRONG_TYPE', // also a value out of its bounds or format
  'MISSING_KEY',
  'UNSUPPORTED', // a contract key that this version does not carry out yet
  'POOL_OUTSIDE_SUBNET',
  'POOL_HOLDS_ROUTER', // the router's own address would be given to a client
  'ROUTER_OUTSIDE_SUBNET', // a warning: some networks are built so
  'OVERLAPPING_POOLS',
  'OVERLAPPING_SUBNETS',
  'NO_SUCH_NIC', // a warning: the file may be checked elsewhere than it serves
  'MODE_CONFLICT', // full mode without interfaces, without subnets …
  'DUPLICATE_MAC',
  'DUPLICATE_IP',
  'DUPLICATE_NAME',
  'DUPLICATE_UUID',
  'IP_OUTSIDE_SUBNETS', // a warning: a fixed address that no subnet holds
  'UNKNOWN_ARCH',
  'UNKNOWN_OPTION',
  'BOOT_METHOD_CONFLICT', // more than one of kernel, script, file, local
  'TEMPLATE_SYNTAX',
  'FILE_MISSING', // a warning: it may come later
  'PROFILE_MISSING', // a machine names a profile that is not there
  'PROFILE_TEST_FAILED',
  'UNREADABLE', // the file cannot be opened, or is no UTF-8 text
] as const;

export type DiagnosticCode = (typeof DIAGNOSTIC_CODES)[number];

/** A place in a file, 1-based, as editors count. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly position: Position;
  readonly message: string;
  /** What the author can do about it, one sentence without the final stop's need for context. */
  readonly hint?: string | undefined;
}

/** `file:line:column: error CODE message` (contract) on one line, and the hint indented beneath. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column } = diagnostic.position;
  const { severity, code, message, hint } = diagnostic;
  const first = `${file}:${line}:${column}: ${severity} ${code} ${oneLine(message)}`;
  return hint === undefined ? first : `${first}\n    hint: ${oneLine(hint)}`;
}

/** Messages quote the author's text, which may hold line breaks and control characters. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
