/**
 * A rack's network: a bridge with a tap for each machine, and hosts plugged into it, each in a namespace of its own.
 *
 *   wires (br0) ── tap0, tap1 … machines
 *     ├── server  eth0 10.77.0.1/24
 *     └── foreign eth0 10.77.0.2/24 (when asked for)
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createFeed, type Feed } from './feed.ts';
import { readLines } from './lines.ts';
import { type Lab, type Namespace, openLab } from './netns.ts';
import { makeScratch } from './scratch.ts';

export const SERVER_ADDRESS = '10.77.0.1';
export const FOREIGN_ADDRESS = '10.77.0.2';
export const BRIDGE = 'br0';

export interface Rack {
  readonly lab: Lab;
  /** The namespace of the bridge and the taps. */
  readonly wires: Namespace;
  readonly server: Namespace;
  /** Adds a tap for one more machine and returns its name. */
  tap(): string;
  /** Plugs one more host into the bridge, by its NIC eth0 with this address, e.g. `10.77.0.2/24`. */
  host(label: string, cidr: string): Namespace;
  close(): Promise<void>;
}

export function openRack(): Rack {
  const lab = openLab();
  const wires = lab.namespace('wires');
  lab.bridge(wires, BRIDGE);
  let taps = 0;
  function host(label: string, cidr: string): Namespace {
    const inside = lab.namespace(label);
    lab.veth({ in: inside, nic: 'eth0' }, { in: wires, nic: label });
    lab.enslave(wires, label, BRIDGE);
    lab.address(inside, 'eth0', cidr);
    return inside;
  }
  return {
    lab,
    wires,
    server: host('server', `${SERVER_ADDRESS}/24`),
    host,
    tap() {
      const nic = `tap${taps}`;
      taps += 1;
      lab.tap(wires, nic, BRIDGE);
      return nic;
    },
    close: () => lab.close(),
  };
}

export interface Dnsmasq {
  readonly process: ChildProcess;
  readonly log: Feed<string>;
  stop(): Promise<void>;
}

/** Runs dnsmasq as a DHCP server on eth0, with these further arguments; resolves once it serves. */
export async function startDnsmasq(inside: Namespace, extra: readonly string[] = []): Promise<Dnsmasq> {
  const scratch = makeScratch('dnsmasq');
  const common = ['--conf-file=/dev/null', '--no-daemon', '--user=root', '--port=0', '--interface=eth0'];
  const leases = [
    `--dhcp-leasefile=${join(scratch.path, 'leases')}`,
    `--pid-file=${join(scratch.path, 'pid')}`,
  ];
  const dnsmasq = inside.spawn('dnsmasq', [
    ...common,
    '--bind-interfaces',
    '--log-dhcp',
    ...leases,
    ...extra,
  ]);
  const log = createFeed<string>((line) => line);
  const gone = new Promise<void>((resolve) => {
    dnsmasq.once('close', () => {
      log.end('dnsmasq ended');
      scratch.remove();
      resolve();
    });
  });
  if (dnsmasq.stderr !== null) readLines(dnsmasq.stderr, log.push);
  dnsmasq.stdout?.resume();
  await log.waitFor('dnsmasq starts', (line) => line.includes('sockets bound'), { seconds: 10 });
  return {
    process: dnsmasq,
    log,
    async stop() {
      dnsmasq.kill('SIGTERM');
      await gone;
    },
  };
}

/** A site's own DHCP server: gives addresses, and says nothing of booting. */
export function startForeignDhcp(rack: Rack): Promise<Dnsmasq> {
  const inside = rack.host('foreign', `${FOREIGN_ADDRESS}/24`);
  return startDnsmasq(inside, ['--dhcp-range=10.77.0.100,10.77.0.199,1h', '--dhcp-authoritative']);
}
