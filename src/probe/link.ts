/** The wire that a probe speaks on: DISCOVER out, offers in; requests to port 4011 out, their answers in. */

import { CLIENT_PORT, PXE_PORT, SERVER_PORT } from '../dhcp/destination.ts';
import { isHeld } from '../net/holder.ts';
import { openOverhearer } from '../net/overhear.ts';
import { type Datagram, NetError, type Network, type Nic, type UdpSocket } from '../net/udp.ts';
import { BROADCAST, type Ipv4 } from '../values/ipv4.ts';

export interface Link {
  /** Sends to every server. Undefined when it left, else the errno's name. */
  discover(message: Uint8Array): string | undefined;
  /** Sends to port 4011 of one server. */
  ask(message: Uint8Array, server: Ipv4): string | undefined;
  /** Idempotent; nothing is heard after it returns. */
  close(): void;
}

/** `bytes` is valid until the handler returns. */
export type OnHeard = (bytes: Uint8Array, source: Ipv4) => void;

/** Bytes of the largest answer: a server may not send more than option 57 allows, and some do. */
const SLOT = 4096;

/**
 * Port 68 of this NIC often belongs to a DHCP client, so it is overheard, never bound.
 *
 * A DISCOVER goes out as firmware sends it, from 0.0.0.0 port 68. The kernel hands such a frame to the wire only, so where
 * a server runs on this very host (somebody has port 67) the DISCOVER goes through a socket instead: then the kernel
 * gives its own broadcast back to its own sockets, too (seen on Linux 6.18 with Pilotlight and dnsmasq). Servers answer to
 * port 68 whatever port it came from.
 *
 * Throws NetError; it takes CAP_NET_RAW.
 */
export function openLink(network: Network, nic: Nic, onHeard: OnHeard): Link {
  const overhearer = openOverhearer(nic, CLIENT_PORT, ({ data, source }) => onHeard(data, source));
  const sockets = new Set<UdpSocket>();
  const serverHere = isHeld(SERVER_PORT) && nic.addresses.length > 0;

  /** A socket at the first of these ports that is free: firmware's own, else any. */
  function open(ports: readonly number[]): UdpSocket {
    const [port = 0, ...others] = ports;
    try {
      const socket = network.open({
        nic,
        port,
        slotSize: SLOT,
        onReceive: (batch: readonly Datagram[]) => {
          for (const { data, source } of batch) onHeard(data, source);
        },
      });
      sockets.add(socket);
      return socket;
    } catch (error) {
      const taken = error instanceof NetError && error.code === 'PORT_TAKEN';
      if (!taken || others.length === 0) throw error;
      return open(others);
    }
  }

  function send(socket: UdpSocket, to: Ipv4, port: number, message: Uint8Array): string | undefined {
    return socket.send([{ to, port, head: message }]).failed[0]?.code;
  }

  let broadcasting: UdpSocket | undefined;
  let asking: UdpSocket | undefined;
  return {
    discover(message) {
      if (!serverHere) return overhearer.broadcast(CLIENT_PORT, SERVER_PORT, message);
      broadcasting ??= open([0]);
      return send(broadcasting, BROADCAST, SERVER_PORT, message);
    },
    ask(message, server) {
      // UEFI asks from port 4011, and is answered there.
      asking ??= open([PXE_PORT, 0]);
      return send(asking, server, PXE_PORT, message);
    },
    close() {
      overhearer.close();
      for (const socket of sockets) socket.close();
    },
  };
}
