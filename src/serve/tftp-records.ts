/** What the TFTP service tells the journal. */
import type { Journal, TransferRecord } from '../journal/record.ts';
import type { Datagram, Nic, UdpSocket } from '../net/udp.ts';
import { formatIpv4 } from '../values/ipv4.ts';
import type { Clock } from './clock.ts';
import type { Session } from './tftp-session.ts';

export interface TftpRecords {
  malformed(datagram: Datagram, socket: UdpSocket, code: string, detail: string): void;
  transfer(session: Session, event: TransferRecord['event'], detail?: string): void;
  /** A warning, told at most once in ten seconds however often it is true. */
  warn(message: string): void;
}

const WARN_EVERY_MS = 10_000;

export function createTftpRecords(journal: Journal, clock: Clock, nic: Nic): TftpRecords {
  const warnedAt = new Map<string, number>();
  return {
    malformed(datagram, socket, code, detail) {
      journal.write({
        kind: 'malformed',
        at: clock.wall(),
        nic: nic.name,
        port: socket.port,
        source: `${formatIpv4(datagram.source)}:${datagram.sourcePort}`,
        code,
        detail,
      });
    },
    transfer(session, event, detail) {
      const { transfer, body } = session;
      journal.write({
        kind: 'transfer',
        at: clock.wall(),
        mac: session.mac,
        nic: nic.name,
        protocol: 'tftp',
        event,
        client: formatIpv4(session.client),
        file: session.file,
        size: body?.size,
        bytes: transfer && body ? Math.min(transfer.acked * transfer.terms.blockSize, body.size) : undefined,
        milliseconds: Math.round(clock.now() - session.startedAt),
        retransmissions: transfer?.resent,
        detail,
      });
    },
    warn(message) {
      const now = clock.now();
      if (now - (warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
      warnedAt.set(message, now);
      journal.write({ kind: 'notice', at: clock.wall(), nic: nic.name, level: 'warn', message });
    },
  };
}
