/** From a request to the open file, or to what its client is told instead. */
import type { ContentResolver, OpenContent, Requester } from '../content/resolver.ts';
import type { TransferRecord } from '../journal/record.ts';
import { ERROR, type TftpRequest } from '../tftp/packets.ts';
import { printable } from './tftp-session.ts';

export interface Refusal {
  readonly event: TransferRecord['event'];
  /** RFC 1350, appendix I. */
  readonly code: number;
  /** What the client is told. */
  readonly text: string;
  /** What the journal is told, where that is more. */
  readonly detail?: string | undefined;
}

export interface Found {
  /** Below the root. */
  readonly name: string;
  readonly mode: 'octet' | 'netascii';
  readonly opened: OpenContent;
}

export const REFUSAL = {
  'not-found': { event: 'not-found', code: ERROR.fileNotFound, text: 'file not found' },
  refused: { event: 'refused', code: ERROR.accessViolation, text: 'access refused' },
  broken: { event: 'failed', code: ERROR.undefined, text: 'the file cannot be read' },
  readOnly: { event: 'refused', code: ERROR.accessViolation, text: 'this server only reads' },
  tooLarge: { event: 'refused', code: ERROR.undefined, text: 'too large for netascii: use octet' },
} as const satisfies Record<string, Refusal>;

/** The caller closes what was opened. Rejects when the file cannot be opened although it was there a moment ago. */
export async function lookUp(
  resolver: ContentResolver,
  { kind, file, mode }: TftpRequest,
  who: Requester,
): Promise<Found | { readonly refusal: Refusal }> {
  if (kind === 'wrq') return { refusal: REFUSAL.readOnly };
  if (mode !== 'octet' && mode !== 'netascii') {
    const text = `mode ${printable(mode)} is not supported`;
    return { refusal: { event: 'refused', code: ERROR.illegalOperation, text } };
  }
  const content = await resolver.resolve(file, who);
  if ('failure' in content) return { refusal: { ...REFUSAL[content.failure], detail: content.detail } };
  return { name: content.name, mode, opened: await content.open() };
}
