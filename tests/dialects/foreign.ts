/** DHCP servers that a site may have, with the lines that print-config wrote for them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFeed } from '../lab/feed.ts';
import { readLines } from '../lab/lines.ts';
import type { Namespace } from '../lab/netns.ts';
import { packaged } from '../lab/packaged.ts';

export interface ForeignServer {
  /** A whole configuration with those lines in it: a subnet 10.77.0.0/24 with a pool, served on eth0. */
  configure(lines: string): string;
  /** Lets the program itself judge a configuration file; throws with its words when it is refused. */
  check(file: string): void;
  command(file: string, folder: string): { readonly program: string; readonly args: readonly string[] };
  /** What its log says once it serves. */
  readonly ready: RegExp;
}

const dhcpd = () => packaged('isc-dhcp-server', 'usr/sbin/dhcpd');

const keaFolders = (folder: string) => ({
  KEA_PIDFILE_DIR: folder,
  KEA_LOCKFILE_DIR: folder,
  KEA_DHCP_DATA_DIR: folder,
});

function check(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  execFileSync(program, args, { stdio: 'pipe', env: { ...process.env, ...env } });
}

const dnsmasq: ForeignServer = {
  configure(lines) {
    return [
      'port=0',
      'user=root',
      'interface=eth0',
      'no-ping',
      'dhcp-range=10.77.0.100,10.77.0.199,1h',
      lines,
    ].join('\n');
  },
  check: (file) => check('dnsmasq', ['--test', `--conf-file=${file}`]),
  command: (file, folder) => ({
    program: 'dnsmasq',
    args: [
      '--no-daemon',
      '--log-dhcp',
      `--conf-file=${file}`,
      `--dhcp-leasefile=${join(folder, 'leases')}`,
      `--pid-file=${join(folder, 'pid')}`,
    ],
  }),
  ready: /DHCP, IP range/,
};

const kea: ForeignServer = {
  configure(lines) {
    return `{ "Dhcp4": {
      "interfaces-config": { "interfaces": ["eth0"] },
      "lease-database": { "type": "memfile", "persist": false },
      "subnet4": [{ "subnet": "10.77.0.0/24", "pools": [{ "pool": "10.77.0.100-10.77.0.199" }] }],
      "loggers": [{ "name": "kea-dhcp4", "severity": "INFO", "output_options": [{ "output": "stdout" }] }],
      ${lines}
    } }`;
  },
  check: (file) => check('kea-dhcp4', ['-t', file], keaFolders(join(file, '..'))),
  command: (file, folder) => ({
    program: 'env',
    args: [
      ...Object.entries(keaFolders(folder)).map(([name, value]) => `${name}=${value}`),
      'kea-dhcp4',
      '-c',
      file,
    ],
  }),
  ready: /DHCP4_STARTED/,
};

const isc: ForeignServer = {
  configure(lines) {
    return `${lines}
authoritative;
ping-check false;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
`;
  },
  check: (file) => check(dhcpd(), ['-4', '-t', '-cf', file]),
  command(file, folder) {
    const leases = join(folder, 'leases');
    writeFileSync(leases, '');
    return {
      program: dhcpd(),
      args: ['-4', '-f', '-d', '-cf', file, '-lf', leases, '-pf', join(folder, 'pid'), 'eth0'],
    };
  },
  ready: /Sending on/,
};

export const FOREIGN = { dnsmasq, kea, isc } as const;

/** Runs one in a namespace; resolves once it serves. It ends with the lab, or when it is stopped. */
export async function startForeign(
  inside: Namespace,
  server: ForeignServer,
  lines: string,
  folder: string,
): Promise<{ stop(): Promise<void> }> {
  const file = join(folder, 'foreign.conf');
  writeFileSync(file, server.configure(lines));
  const { program, args } = server.command(file, folder);
  const child = inside.spawn(program, args);
  const log = createFeed<string>((line) => line);
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) readLines(stream, log.push);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      log.end(`${program} ended`);
      resolve();
    });
  });
  await log.waitFor(`${program} serves`, (line) => server.ready.test(line), { seconds: 20 });
  return {
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
