/** The TFTP servers that are compared, each serving one folder and writing no log of what it sends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Contender {
  readonly name: string;
  readonly command: string;
  /** `root` is the folder served; what a server needs besides goes beside it. */
  readonly args: (root: string) => readonly string[];
}

export const SERVER = '10.78.0.1';
export const NIC = 'srv0';

/** Writes the configuration of a server that does nothing but serve files, and tells where it is. */
function configFile(root: string): string {
  const directory = dirname(root);
  for (const name of ['profiles', 'machines']) mkdirSync(join(directory, name), { recursive: true });
  const file = join(directory, 'pilotlight.yaml');
  const text = `
interfaces: [${NIC}]
dhcp: { mode: "off" }
tftp: { root: ${root} }
profiles: profiles
machines: machines
state: state
log: { level: warn }
`;
  writeFileSync(file, text);
  return file;
}

export const CONTENDERS: readonly Contender[] = [
  {
    name: 'pilotlight',
    command: join(import.meta.dirname, '../../bin/pilotlight'),
    args: (root) => ['serve', '--config', configFile(root)],
  },
  {
    name: 'tftpd-hpa',
    command: '/usr/sbin/in.tftpd',
    args: (root) => ['--foreground', '--user', 'root', '--address', `${SERVER}:69`, '--secure', root],
  },
  {
    name: 'dnsmasq',
    command: '/usr/sbin/dnsmasq',
    args: (root) => [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--port=0',
      '--pid-file=',
      '--user=root',
      `--interface=${NIC}`,
      '--bind-interfaces',
      '--enable-tftp',
      `--tftp-root=${root}`,
      '--tftp-max=1000',
    ],
  },
  {
    name: 'atftpd',
    // Unpacked by scripts/packages: Debian lets it not be installed beside tftpd-hpa.
    command: join(import.meta.dirname, '../../tmp/packages/atftpd/usr/sbin/atftpd'),
    args: (root) => [
      '--daemon',
      '--no-fork',
      '--user=root',
      '--group=root',
      '--maxthread=1000',
      '--verbose=3',
      '--logfile=/dev/null',
      `--bind-address=${SERVER}`,
      root,
    ],
  },
  {
    name: 'npm-tftp',
    command: process.execPath,
    args: (root) => [join(import.meta.dirname, 'npm-tftp.mjs'), SERVER, root],
  },
];
