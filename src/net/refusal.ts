/** Why a socket cannot be had, told so that the reader knows what to do next. */
import { findHolders } from './holder.ts';
import { listNics } from './interfaces.ts';
import type { Libc } from './libc.ts';
import { type IpVersion, NetError } from './udp.ts';

const isDenied = (code: string) => code === 'EPERM' || code === 'EACCES';

/** socket(2) failed, or an option that our sockets need. */
export function socketFailure(code: string, nic: string, version: IpVersion): NetError {
  return isDenied(code)
    ? new NetError(
        'NO_PERMISSION',
        `may not open a UDP socket for ${nic} (${code})`,
        `A seccomp or LSM policy forbids it: allow IPv${version} sockets to this process.`,
      )
    : new NetError(
        'UNSUPPORTED',
        `cannot open a UDP socket for ${nic} (${code})`,
        `Check that IPv${version} is enabled and that the limit on open files is not reached.`,
      );
}

/** SO_BINDTODEVICE failed. */
export function deviceFailure(libc: Libc, code: string, nic: string): NetError {
  if (code === 'ENODEV') {
    const names = listNics(libc).map(({ name }) => name);
    return new NetError('NO_SUCH_NIC', `there is no NIC ${nic}`, `This host has ${names.join(', ')}.`);
  }
  if (isDenied(code)) {
    return new NetError(
      'NO_PERMISSION',
      `may not bind a socket to ${nic} (SO_BINDTODEVICE: ${code})`,
      'Grant CAP_NET_RAW, or run on Linux 5.7 or later, where binding to a NIC needs no right.',
    );
  }
  return new NetError(
    'UNSUPPORTED',
    `cannot bind a socket to ${nic} (SO_BINDTODEVICE: ${code})`,
    'Check the NIC.',
  );
}

/** bind(2) failed. */
export function bindFailure(code: string, nic: string, port: number, version: IpVersion): NetError {
  if (code === 'EADDRINUSE') return portTaken(nic, port, version);
  if (isDenied(code)) {
    return new NetError(
      'NO_PERMISSION',
      `may not bind UDP port ${port} on ${nic} (${code})`,
      'Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or run as root.',
    );
  }
  return new NetError('UNSUPPORTED', `cannot bind UDP port ${port} on ${nic} (${code})`, 'Check the NIC.');
}

function portTaken(nic: string, port: number, version: IpVersion): NetError {
  const holders = findHolders(port, version === 6 ? 'udp6' : 'udp');
  const what = version === 6 ? `UDP port ${port} over IPv6 on ${nic}` : `UDP port ${port} on ${nic}`;
  if (holders.length === 0) {
    return new NetError(
      'PORT_TAKEN',
      `${what} is taken by a process that cannot be seen from here`,
      `Find it as root on the host with: ss -lunp sport = :${port}`,
    );
  }
  const names = holders.map(({ pid, command }) =>
    pid === process.pid ? 'this process itself' : `${command} (pid ${pid})`,
  );
  const holder = names.join(' and ');
  return new NetError(
    'PORT_TAKEN',
    `${what} is taken by ${holder}`,
    `Stop ${[...new Set(holders.map(({ command }) => command))].join(' and ')}, or make it leave ${nic} or this port.`,
  );
}
