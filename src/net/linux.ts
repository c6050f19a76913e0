/** The network of the Linux host (or container) that this process runs on. */
import type { IpAddress } from '../values/ip.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Ipv6 } from '../values/ipv6.ts';
import { createAddressCheck } from './addresses.ts';
import { openArpProber } from './arp.ts';
import { createBell } from './bell.ts';
import { openBeside } from './beside.ts';
import { openEchoProber } from './echo.ts';
import { FAMILIES, INET, INET6 } from './family.ts';
import { ipv6Refusal } from './inet6.ts';
import { listNics } from './interfaces.ts';
import { loadLibc } from './libc.ts';
import { pin } from './memory.ts';
import { lookUpNeighbour } from './neighbours.ts';
import { lookUpNeighbour6 } from './neighbours6.ts';
import { watchNicEvents } from './nic-events.ts';
import { forwardsIpv6, linkLocalOf, openRouterSocket, type RouterDiscovery } from './router-discovery.ts';
import { createSender } from './sender.ts';
import { openSharedPort } from './shared-port.ts';
import { type Opening, openSocket } from './socket.ts';
import type { Ipv6Network, Network, SocketOptions, ThreadNetwork, UdpSocket } from './udp.ts';

/** Throws NetError UNSUPPORTED where there is no Linux on x86_64 or aarch64. */
export function createLinuxNetwork(): Network & Ipv6Network & ThreadNetwork & RouterDiscovery {
  const libc = loadLibc();
  const opened = new Set<{ close(): void }>();
  let addressVersion = 0;
  let closed = false;
  const onClose = (gone: { close(): void }): void => void opened.delete(gone);
  const over4: Opening<Ipv4> = {
    family: INET,
    send: createSender(libc, INET),
    ownAddresses: (fd, nic) => createAddressCheck(libc, fd, nic.name, () => addressVersion),
    onClose,
  };
  const over6: Opening<Ipv6> = {
    family: INET6,
    send: createSender(libc, INET6),
    // There is no broadcast over IPv6, and a multicast is not answered.
    ownAddresses: () => () => false,
    onClose,
  };

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

  const openBy =
    <Address extends IpAddress>(how: Opening<Address>) =>
    (options: SocketOptions<Address>): UdpSocket<Address> => {
      refuseWhenClosed();
      const socket = openSocket(libc, how, options);
      opened.add(socket);
      return socket;
    };

  return {
    nics: () => listNics(libc),
    open: openBy(over4),
    openBeside(options, onBeside) {
      refuseWhenClosed();
      return keep(openBeside(libc, options, () => addressVersion, onBeside));
    },
    ipv6Refusal: () => ipv6Refusal(libc),
    open6: openBy(over6),
    openShared(version, nic, port, count) {
      refuseWhenClosed();
      return keep(openSharedPort(libc, FAMILIES[version], nic, port, count));
    },
    bell: () => createBell(libc),
    pin,
    neighbour: (address) => lookUpNeighbour(libc, address),
    neighbour6: (address, nic) => lookUpNeighbour6(libc, address, nic === undefined ? listNics(libc) : [nic]),
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
