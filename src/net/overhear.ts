/**
 * Hears the UDP datagrams that come to a port on one NIC, whoever holds that port, and says one as a machine without an
 * address does: what it takes to play a DHCP client on a host that has one already (dhclient, systemd-networkd,
 * NetworkManager). A packet socket takes nothing away from them, sees what a firewall of this host would drop, and sees
 * what this host itself sends, so that a server beside us is heard too.
 */
import { BROADCAST, type Ipv4, UNSPECIFIED } from '../values/ipv4.ts';
import { dissect, ipPacket, onlyTo } from './ip-udp.ts';
import { ETH_P_ALL, ETH_P_IP, loadLibc, SOCK_DGRAM } from './libc.ts';
import { linkAddress, openPacketSocket } from './packet.ts';
import { drain } from './raw.ts';
import type { Nic } from './udp.ts';

const MAC_LENGTH = 6;
const LARGEST = 0x1_0000;

/** A datagram heard. `data` is a view, valid until the handler returns. */
export interface Overheard {
  readonly data: Uint8Array;
  readonly source: Ipv4;
  readonly sourcePort: number;
}

export interface Overhearer {
  /**
   * Broadcasts a datagram from 0.0.0.0, as RFC 2131 §4.1 has a client without an address do it. It goes to the wire
   * alone: the kernel hands such a frame to no socket of this host. Undefined when it left, else the errno's name.
   */
  broadcast(fromPort: number, toPort: number, data: Uint8Array): string | undefined;
  /** Idempotent; nothing is heard after it returns. */
  close(): void;
}

/** Throws NetError; it takes CAP_NET_RAW. */
export function openOverhearer(nic: Nic, port: number, onHeard: (heard: Overheard) => void): Overhearer {
  const libc = loadLibc();
  const fd = openPacketSocket(libc, { nic, type: SOCK_DGRAM, protocol: ETH_P_ALL, filter: onlyTo(port) });
  const everyone = linkAddress(nic, ETH_P_IP, new Uint8Array(MAC_LENGTH).fill(0xff));
  const close = drain(libc, fd, LARGEST, (bytes) => {
    const heard = bytes === undefined ? undefined : dissect(bytes);
    if (heard?.whole !== true) return;
    onHeard({ data: heard.data, source: heard.from.address, sourcePort: heard.from.port });
  });
  let closed = false;
  return {
    broadcast(fromPort, toPort, data) {
      if (closed) return 'EBADF';
      const from = { address: UNSPECIFIED, port: fromPort };
      const packet = ipPacket(from, { address: BROADCAST, port: toPort }, data);
      const sent = libc.sendto(fd, packet, packet.length, 0, everyone, everyone.length);
      return sent < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}
