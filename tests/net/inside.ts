/** Sockets in other network namespaces than the process's own, for tests that play both ends of a wire. */
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import type {
  Datagram,
  Ipv6Network,
  Network,
  Nic,
  ReceiveHandler,
  SocketOptions,
  UdpSocket,
} from '../../src/net/udp.ts';
import type { IpAddress } from '../../src/values/ip.ts';
import type { Ipv4 } from '../../src/values/ipv4.ts';
import type { Ipv6 } from '../../src/values/ipv6.ts';
import type { Namespace } from '../lab/netns.ts';

const CLONE_NEWNET = 0x4000_0000;

/**
 * Runs fn with the main thread in the namespace. A socket stays where it was opened, so what fn opens goes on working
 * afterwards. fn must not be asynchronous.
 */
export function inside<T>(namespace: Namespace, fn: () => T): T {
  const setns: (fd: number, type: number) => number = koffi.load(null).func('int setns(int, int)');
  const enter = (path: string) => {
    const fd = openSync(path, 'r');
    assert.equal(setns(fd, CLONE_NEWNET), 0, `setns ${path}`);
    closeSync(fd);
  };
  const home = openSync('/proc/thread-self/ns/net', 'r');
  enter(`/run/netns/${namespace.name}`);
  try {
    return fn();
  } finally {
    assert.equal(setns(home, CLONE_NEWNET), 0);
    closeSync(home);
  }
}

export function nicOf(network: Network, name: string): Nic {
  const nic = network.nics().find((candidate) => candidate.name === name);
  assert.ok(nic, `no NIC ${name}`);
  return nic;
}

/** A datagram whose data outlives the handler. */
export type Kept<Address extends IpAddress = Ipv4> = Omit<Datagram<Address>, 'data'> & {
  readonly text: string;
  readonly bytes: Uint8Array;
};

export interface Station<Address extends IpAddress = Ipv4> {
  readonly socket: UdpSocket<Address>;
  readonly received: Kept<Address>[];
  /** The size of each batch. */
  readonly batches: number[];
}

type StationOptions<Address extends IpAddress> = Partial<Omit<SocketOptions<Address>, 'nic'>>;

/** A socket in a namespace that keeps whatever arrives. */
export function station(
  network: Network,
  namespace: Namespace,
  nic: string,
  options: StationOptions<Ipv4> = {},
): Station {
  return keeping(
    (onReceive) =>
      inside(namespace, () =>
        network.open({ nic: nicOf(network, nic), port: 0, slotSize: 2048, ...options, onReceive }),
      ),
    options.onReceive,
  );
}

/** The same over IPv6. */
export function station6(
  network: Network & Ipv6Network,
  namespace: Namespace,
  nic: string,
  options: StationOptions<Ipv6> = {},
): Station<Ipv6> {
  return keeping(
    (onReceive) =>
      inside(namespace, () =>
        network.open6({ nic: nicOf(network, nic), port: 0, slotSize: 2048, ...options, onReceive }),
      ),
    options.onReceive,
  );
}

function keeping<Address extends IpAddress>(
  open: (onReceive: ReceiveHandler<Address>) => UdpSocket<Address>,
  onReceive?: ReceiveHandler<Address>,
): Station<Address> {
  const received: Kept<Address>[] = [];
  const batches: number[] = [];
  const socket = open((batch, on) => {
    batches.push(batch.length);
    for (const { data, ...rest } of batch) {
      const bytes = Uint8Array.from(data);
      received.push({ ...rest, bytes, text: Buffer.from(bytes).toString() });
    }
    onReceive?.(batch, on);
  });
  return { socket, received, batches };
}

/** Waits for a condition; fails with `what` after the deadline. */
export async function until(condition: () => boolean, what: string, deadlineMs = 5000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `in ${deadlineMs} ms: ${what}`);
    await sleep(1);
  }
}

export const text = (value: string): Uint8Array => Buffer.from(value);
