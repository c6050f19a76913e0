/**
 * The sockets of the TFTP service on one NIC for one version of IP: the port that takes requests, and the one that transfers
 * come from. In single-port mode they are one.
 */
import type { LanePort, Lanes } from '../lanes/lanes.ts';
import type { Peer } from '../lanes/peer.ts';
import { misplaced, readReceived, SLOT_SIZE } from '../lanes/received.ts';
import type { Datagram, IpVersion, Ipv6Network, Network, Nic, UdpSocket } from '../net/udp.ts';
import { decodeTftp, type TftpRequest } from '../tftp/packets.ts';
import type { IpAddress } from '../values/ip.ts';

export interface TftpPorts {
  readonly version: IpVersion;
  /** The port that takes requests. */
  readonly port: number;
  readonly transfers: LanePort;
  /** Idempotent. */
  close(): void;
}

export interface TftpPortsOptions {
  readonly network: Pick<Network & Ipv6Network, 'open' | 'open6'>;
  readonly lanes: Lanes;
  readonly nic: Nic;
  readonly version: IpVersion;
  /** Where requests come in. 0: any free port. */
  readonly port: number;
  /** 0: any free port. The same as `port`: one port for everything. */
  readonly transferPort: number;
}

export interface TftpPortEvents {
  onRequest(peer: Peer, request: TftpRequest, ports: TftpPorts): void;
  /** `port`: of ours. */
  onMalformed(peer: Peer, port: number, code: string, detail: string): void;
  /** A datagram that the kernel refused to send, by the errno's name. */
  onUnsent(code: string): void;
}

/** Throws NetError, leaving nothing open. */
export function openTftpPorts(options: TftpPortsOptions, events: TftpPortEvents): TftpPorts {
  const { network, nic, version, port, transferPort } = options;
  // With one port for everything, the lanes take the requests too and pass them on.
  const single = transferPort !== 0 && transferPort === port;

  function openRequests(): UdpSocket<IpAddress> {
    const wanted = { nic, port, slotSize: SLOT_SIZE, onReceive };
    return version === 6 ? network.open6(wanted) : network.open(wanted);
  }

  function openTransfers(): LanePort {
    try {
      return options.lanes.open(
        { nic, version, port: transferPort, requests: single },
        {
          onRequest(peer, bytes) {
            const request = decodeTftp(bytes);
            if (request.kind === 'rrq' || request.kind === 'wrq') events.onRequest(peer, request, ports);
          },
          onMalformed: (peer, code, detail) => events.onMalformed(peer, transfers.port, code, detail),
          onUnsent: events.onUnsent,
        },
      );
    } catch (error) {
      requests?.close();
      throw error;
    }
  }

  function onReceive(batch: readonly Datagram<IpAddress>[], socket: UdpSocket<IpAddress>): void {
    for (const datagram of batch) {
      const peer = { client: datagram.source, port: datagram.sourcePort, local: datagram.localAddress };
      const packet = readReceived(datagram);
      if (packet.kind === 'rrq' || packet.kind === 'wrq') {
        events.onRequest(peer, packet, ports);
      } else {
        const { code, detail } = packet.kind === 'malformed' ? packet : misplaced(packet);
        events.onMalformed(peer, socket.port, code, detail);
      }
    }
  }

  const requests = single ? undefined : openRequests();
  const transfers = openTransfers();
  const ports: TftpPorts = {
    version,
    port: requests?.port ?? transfers.port,
    transfers,
    close() {
      requests?.close();
      transfers.close();
    },
  };
  return ports;
}
