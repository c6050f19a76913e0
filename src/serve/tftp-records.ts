/** What the TFTP service tells the journal. */

import type { Clock } from '../clock.ts';
import type { Journal, TransferRecord } from '../journal/record.ts';
import type { Progress } from '../lanes/lanes.ts';
import type { Peer } from '../lanes/peer.ts';
import type { Nic } from '../net/udp.ts';
import { formatHost, formatIp } from '../values/ip.ts';
import type { Session } from './tftp-session.ts';

export interface TftpRecords {
  malformed(peer: Pick<Peer, 'client' | 'port'>, port: number, code: string, detail: string): void;
  transfer(session: Session, event: TransferRecord['event'], detail?: string, progress?: Progress): void;
  /** A warning, told at most once in ten seconds however often it is true. */
  warn(message: string): void;
}

const WARN_EVERY_MS = 10_000;

export function createTftpRecords(journal: Journal, clock: Clock, nic: Nic): TftpRecords {
  const warnedAt = new Map<string, number>();
  return {
    malformed(peer, port, code, detail) {
      journal.write({
        kind: 'malformed',
        at: clock.wall(),
        nic: nic.name,
        port,
        source: `${formatHost(peer.client)}:${peer.port}`,
        code,
        detail,
      });
    },
    transfer(session, event, detail, progress) {
      journal.write({
        kind: 'transfer',
        at: clock.wall(),
        mac: session.mac,
        nic: nic.name,
        protocol: 'tftp',
        event,
        client: formatIp(session.peer.client),
        file: session.file,
        size: session.source?.size,
        bytes: progress?.bytes,
        milliseconds: Math.round(clock.now() - session.startedAt),
        retransmissions: progress?.resent,
        detail,
      });
    },
    warn(message) {
      const now = clock.now();
      if (now - (warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
      for (const [old, at] of warnedAt) if (now - at >= WARN_EVERY_MS) warnedAt.delete(old);
      warnedAt.set(message, now);
      journal.write({ kind: 'notice', at: clock.wall(), nic: nic.name, level: 'warn', message });
    },
  };
}
