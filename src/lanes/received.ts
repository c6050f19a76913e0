/** A datagram that came to one of the TFTP ports → the packet in it, or why it is none that we would look at. */
import type { Datagram } from '../net/udp.ts';
import { decodeTftp, type TftpPacket } from '../tftp/packets.ts';
import { formatIp, type IpAddress } from '../values/ip.ts';

/** Requests fit 512 bytes by RFC 2347; everything else that clients send is shorter. */
export const SLOT_SIZE = 1024;

/** For the journal. */
export interface Misfit {
  readonly kind: 'malformed';
  readonly code: string;
  readonly detail: string;
}

export function readReceived(datagram: Datagram<IpAddress>): TftpPacket | Misfit {
  const { data, truncated, destination, localAddress } = datagram;
  if (truncated) return { kind: 'malformed', code: 'TOO_LONG', detail: `more than ${data.length} bytes` };
  const packet = decodeTftp(data);
  if (packet.kind === 'malformed' || destination === localAddress) return packet;
  // RFC 1123 §4.2.3.5 says to ignore requests to a broadcast address, of which IPv6 has multicasts only; nothing else
  // belongs there either.
  const detail = `${packet.kind} to ${formatIp(destination)}`;
  return { kind: 'malformed', code: 'BROADCAST', detail };
}

/** A packet on a port that it does not belong to. */
export function misplaced({ kind }: TftpPacket): Misfit {
  return { kind: 'malformed', code: 'MISPLACED', detail: `${kind} does not belong to this port` };
}
