/** The sockets of the TFTP service on one NIC. */
import type { Network, Nic, ReceiveHandler, UdpSocket } from '../net/udp.ts';

export interface TftpSockets {
  /** Takes requests. */
  readonly requests: UdpSocket;
  /** Takes and sends everything else; the same one in single-port mode. */
  readonly transfers: UdpSocket;
  close(): void;
}

export interface TftpSocketOptions {
  readonly network: Network;
  readonly nic: Nic;
  /** 0: any free port. */
  readonly port: number;
  /** 0: any free port. */
  readonly transferPort: number;
  readonly onReceive: ReceiveHandler;
}

/** Requests fit 512 bytes by RFC 2347; everything else that clients send is shorter. */
export const SLOT_SIZE = 1024;

/** Batches of ACKs taken in one turn of the event loop: each answer brings the next ACK at once. */
const ROUNDS = 16;

/** Throws NetError, leaving nothing open. */
export function openTftpSockets(options: TftpSocketOptions): TftpSockets {
  const { network, nic, onReceive } = options;
  const open = (port: number) => network.open({ nic, port, slotSize: SLOT_SIZE, rounds: ROUNDS, onReceive });
  const requests = open(options.port);
  const close = (transfers: UdpSocket): void => {
    transfers.close();
    requests.close();
  };
  if (options.transferPort !== 0 && options.transferPort === requests.port) {
    return { requests, transfers: requests, close: () => close(requests) };
  }
  try {
    const transfers = open(options.transferPort);
    return { requests, transfers, close: () => close(transfers) };
  } catch (error) {
    requests.close();
    throw error;
  }
}
