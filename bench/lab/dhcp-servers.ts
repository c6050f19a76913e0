/** The DHCP servers that are compared, each with the same network, options and lease time, and its leases on the same disk. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Estate, ministry, storeOldLeases } from './estates.ts';

/** One of 16 networks of more than a million addresses. */
export interface Site {
  readonly nic: string;
  readonly server: string;
  readonly relay: string;
  /** Of both. */
  readonly prefix: 12;
  readonly subnet: string;
  readonly pool: string;
  /** An empty folder on the disk to be measured. */
  readonly folder: string;
}

export function siteOf(index: number, nic: string, folder: string): Site {
  const first = index * 16;
  return {
    nic,
    server: `10.${first}.0.1`,
    relay: `10.${first}.0.2`,
    prefix: 12,
    subnet: `10.${first}.0.0/12`,
    pool: `10.${first + 1}.0.0-10.${first + 14}.255.255`,
    folder,
  };
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface Server {
  readonly name: string;
  /** What is worth knowing of how it runs. */
  readonly how: string;
  /** Writes its configuration and tells how it is started. */
  prepare(site: Site): Command;
}

const LEASE_SECONDS = 3600;
const DOMAIN = 'rack.example';

/** What a site has beside the network that is measured. */
interface Extent {
  readonly name: string;
  readonly how: string;
  readonly estate?: Estate;
  /** Leases in the store from before the start. */
  readonly leases?: number;
  /** How long a lease is told again instead of being written anew; undefined: as by default, a quarter of its time. */
  readonly reuseTime?: string;
}

const pilotlight = ({ name, how, estate, leases, reuseTime }: Extent): Server => ({
  name,
  how,
  prepare({ folder, nic, subnet, pool, server }) {
    for (const each of ['profiles', 'machines']) mkdirSync(join(folder, each));
    if (estate !== undefined) writeFileSync(join(folder, 'machines/estate.yaml'), stringify(estate.machines));
    if (leases !== undefined) storeOldLeases(join(folder, 'state'), pool, leases);
    const network = { subnet, pools: [pool], router: server, dns: [server], domain: DOMAIN };
    const config = {
      interfaces: [nic],
      dhcp: {
        mode: 'full',
        conflictCheck: 'off',
        // The measured one comes last: whoever looks through them in turn shows it.
        subnets: [...(estate?.subnets ?? []), { ...network, leaseTime: `${LEASE_SECONDS}s`, reuseTime }],
      },
      log: { level: 'warn' },
    };
    const file = join(folder, 'pilotlight.yaml');
    writeFileSync(file, stringify(config));
    return { command: join(import.meta.dirname, '../../bin/pilotlight'), args: ['serve', '--config', file] };
  },
});

const kea = ({ name, how, reuse }: { name: string; how: string; reuse?: number }): Server => ({
  name,
  how,
  prepare({ folder, nic, subnet, pool, server }) {
    const option = (name: string, data: string) => ({ name, data });
    const [, second = 0] = server.split('.').map(Number);
    const config = {
      Dhcp4: {
        'interfaces-config': { interfaces: [nic], 'dhcp-socket-type': 'udp' },
        'multi-threading': { 'enable-multi-threading': true, 'thread-pool-size': 2 },
        'lease-database': { type: 'memfile', persist: true, name: join(folder, 'leases.csv') },
        'valid-lifetime': LEASE_SECONDS,
        // What Pilotlight's reuseTime is: the share of its time in which a lease is told again.
        ...(reuse === undefined ? {} : { 'cache-threshold': reuse }),
        // Pilotlight tells T1 and T2 to everyone.
        'renew-timer': LEASE_SECONDS / 2,
        'rebind-timer': (LEASE_SECONDS * 7) / 8,
        subnet4: [
          {
            subnet,
            pools: [{ pool }],
            'option-data': [
              option('routers', server),
              option('domain-name-servers', server),
              option('domain-name', DOMAIN),
              // What Pilotlight tells by itself.
              option('broadcast-address', `10.${second + 15}.255.255`),
            ],
          },
        ],
        loggers: [{ name: 'kea-dhcp4', severity: 'WARN', output_options: [{ output: 'stderr' }] }],
      },
    };
    const file = join(folder, 'kea.json');
    writeFileSync(file, JSON.stringify(config));
    const env = { KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder, KEA_DHCP_DATA_DIR: folder };
    return { command: 'kea-dhcp4', args: ['-c', file], env };
  },
});

const dnsmasq: Server = {
  name: 'dnsmasq',
  how: 'never synced',
  prepare({ folder, nic, pool, server }) {
    const args = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--port=0',
      '--user=root',
      `--pid-file=${join(folder, 'pid')}`,
      `--interface=${nic}`,
      '--bind-interfaces',
      '--dhcp-authoritative',
      '--no-ping',
      '--dhcp-lease-max=1000000',
      `--dhcp-leasefile=${join(folder, 'leases')}`,
      `--dhcp-range=${pool.replace('-', ',')},255.240.0.0,${LEASE_SECONDS}`,
      `--dhcp-option=option:router,${server}`,
      `--dhcp-option=option:dns-server,${server}`,
      `--domain=${DOMAIN}`,
      '--quiet-dhcp',
    ];
    return { command: 'dnsmasq', args };
  },
};

export const SERVERS: readonly Server[] = [
  pilotlight({ name: 'pilotlight', how: 'SQLite, synced before each ACK' }),
  pilotlight({
    name: 'pilotlight-ministry',
    how: 'the same with 829 subnets and 14 404 fixed addresses',
    estate: ministry(),
  }),
  pilotlight({
    name: 'pilotlight-million',
    how: 'the same with a million old leases in the store',
    leases: 1_000_000,
  }),
  pilotlight({
    name: 'pilotlight-anew',
    how: 'the same without reuseTime: every ACK waits for the disk',
    reuseTime: '0s',
  }),
  pilotlight({
    name: 'pilotlight-ministry-anew',
    how: 'the ministry without reuseTime',
    estate: ministry(),
    reuseTime: '0s',
  }),
  pilotlight({
    name: 'pilotlight-million-anew',
    how: 'the million without reuseTime',
    leases: 1_000_000,
    reuseTime: '0s',
  }),
  kea({ name: 'kea', how: 'memfile, never synced, 2 threads, cache-threshold 0.25', reuse: 0.25 }),
  kea({ name: 'kea-anew', how: 'the same without cache-threshold' }),
  dnsmasq,
];
