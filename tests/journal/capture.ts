/** A log whose lines are kept. */
import type { Logger } from 'pino';
import { createLog, type LogOptions } from '../../src/journal/log.ts';
import type { DecisionRecord } from '../../src/journal/record.ts';

export function captureLog(
  level: LogOptions['level'],
  pretty = false,
): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level, pretty, color: false, destination }), lines };
}

export const OFFER: DecisionRecord = {
  kind: 'decision',
  at: Date.UTC(2026, 0, 1),
  mac: '52:54:00:aa:00:01',
  nic: 'eth1',
  message: 'DISCOVER',
  reply: 'OFFER',
  port: 67,
  ip: 0x0a0b0b32,
  arch: 'bios',
  stage: 'rom',
  profile: 'razor',
  file: 'undionly.kpxe',
  reason: 'profile razor matches every client',
};
