/** The network of the Linux host (or container) that this process runs on. */
import { openArpProber } from './arp.ts';
import { createBell } from './bell.ts';
import { openBeside } from './beside.ts';
import { openEchoProber } from './echo.ts';
import { listNics } from './interfaces.ts';
import { loadLibc } from './libc.ts';
import { pin } from './memory.ts';
import { lookUpNeighbour } from './neighbours.ts';
import { watchNicEvents } from './nic-events.ts';
import { forwardsIpv6, linkLocalOf, openRouterSocket, type RouterDiscovery } from './router-discovery.ts';
import { createSender } from './sender.ts';
import { openSharedPort } from './shared-port.ts';
import { openSocket } from './socket.ts';
import type { Network, ThreadNetwork, UdpSocket } from './udp.ts';

/** Throws NetError UNSUPPORTED where there is no Linux on x86_64 or aarch64. */
export function createLinuxNetwork(): Network & ThreadNetwork & RouterDiscovery {
  const libc = loadLibc();
  const send = createSender(libc);
  const opened = new Set<{ close(): void }>();
  let addressVersion = 0;
  let closed = false;

  const refuseWhenClosed = (): void => {
    if (closed) throw new Error('the network is closed');
  };

  /** Has the network close it, unless its owner did. */
  function keep<T extends { close(): void }>(thing: T): T {
    const kept: T = {
      ...thing,
      close() {
        opened.delete(kept);
        thing.close();
      },
    };
    opened.add(kept);
    return kept;
  }

  return {
    nics: () => listNics(libc),
    open(options) {
      refuseWhenClosed();
      const onClose = (gone: UdpSocket) => void opened.delete(gone);
      const socket = openSocket(libc, send, options, () => addressVersion, onClose);
      opened.add(socket);
      return socket;
    },
    openBeside(options, onBeside) {
      refuseWhenClosed();
      return keep(openBeside(libc, options, () => addressVersion, onBeside));
    },
    openShared(nic, port, count) {
      refuseWhenClosed();
      return keep(openSharedPort(libc, nic, port, count));
    },
    bell: () => createBell(libc),
    pin,
    neighbour: lookUpNeighbour,
    arpProber(nic, onAnswer) {
      refuseWhenClosed();
      return keep(openArpProber(libc, nic, onAnswer));
    },
    echoProber(onAnswer) {
      refuseWhenClosed();
      return keep(openEchoProber(libc, onAnswer));
    },
    routerSocket(nic, onFrame) {
      refuseWhenClosed();
      return keep(openRouterSocket(libc, nic, onFrame));
    },
    linkLocal: linkLocalOf,
    forwardsIpv6,
    watchNics(onChange) {
      refuseWhenClosed();
      const changed = (): void => {
        addressVersion += 1;
        onChange();
      };
      return keep(watchNicEvents(libc, changed));
    },
    async close() {
      closed = true;
      for (const thing of opened) thing.close();
    },
  };
}
