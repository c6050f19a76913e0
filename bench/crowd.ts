/**
 * A crowd: a thousand curl clients pull one file each by TFTP, all at once, while perfdhcp asks for addresses at a steady
 * rate. Prints how long DHCP's answers took meanwhile, the mean and the longest, beside the same rate without the crowd,
 * and the server's memory before and at its highest. The server has the first half of the CPUs, everybody else the second. Every file that arrives is compared by its digest.
 *
 *   npm run bench:crowd -- [--clients 1000] [--mib 4] [--rate 50]
 *
 * Needs root.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Namespace, openLab } from '../tests/lab/netns.ts';
import { startServer } from '../tests/lab/server.ts';
import { splitCpus } from './lab/cpu.ts';
import { table } from './lab/figures.ts';

const SERVER = '10.78.0.1';
const MIB = 1024 * 1024;
const CPUS = splitCpus();

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    mib: { type: 'string', default: '4' },
    rate: { type: 'string', default: '50' },
  },
});
const clients = Number(values.clients);
const bytes = Number(values.mib) * MIB;

interface Delays {
  readonly lost: number;
  /** Milliseconds, the worse of OFFER and ACK. */
  readonly mean: number;
  readonly longest: number;
}

/** Asks until `signal` ends it. */
async function askMeanwhile(inside: Namespace, signal: AbortSignal): Promise<Delays> {
  // Before the crowd in the queue for its CPU: what is measured is the server, not how long perfdhcp waits to be run.
  const before = ['-c', CPUS.clients, 'nice', '-n', '-20', 'perfdhcp'];
  const args = [...before, '-4', '-R', '500', '-r', values.rate, '-W', '1000000', SERVER];
  const perfdhcp = inside.spawn('taskset', args);
  let output = '';
  perfdhcp.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const gone = new Promise<void>((resolve) => perfdhcp.once('close', () => resolve()));
  signal.addEventListener('abort', () => perfdhcp.kill('SIGINT'));
  await gone;
  const worst = (figure: string): number => {
    const found = output.matchAll(new RegExp(`^${figure}: ([\\d.]+)`, 'gm'));
    return Math.max(...Array.from(found, ([, text]) => Number(text)));
  };
  if (!output.includes('max delay')) throw new Error(`perfdhcp says: ${output.slice(-1000)}`);
  return { lost: worst('drops'), mean: worst('avg delay'), longest: worst('max delay') };
}

const digestOf = (file: string | Uint8Array): string =>
  createHash('sha256')
    .update(typeof file === 'string' ? readFileSync(file) : file)
    .digest('hex');

/** Resident MiB of a process, `VmRSS` now or `VmHWM` at its highest. */
function residentMib(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  const [, kib] =
    new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

execFileSync(join(import.meta.dirname, '../scripts/packages'), ['bench'], { stdio: ['ignore', 2, 2] });
const directory = mkdtempSync('/dev/shm/pilotlight-crowd-');
const lab = openLab();
try {
  const house = lab.namespace('srv');
  const crowd = lab.namespace('cli');
  lab.veth({ in: house, nic: 'eth0' }, { in: crowd, nic: 'cli0' });
  lab.address(house, 'eth0', `${SERVER}/16`);
  lab.address(crowd, 'cli0', '10.78.0.2/16');
  const subnet = { subnet: '10.78.0.0/16', pools: ['10.78.1.0-10.78.200.255'] };
  const config = {
    interfaces: ['eth0'],
    dhcp: { mode: 'full', conflictCheck: 'off', subnets: [subnet] },
  };
  const server = await startServer(house, { config });
  const { pid } = server;
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', CPUS.server, String(pid)], {
    stdio: 'ignore',
  });
  const payload = randomBytes(bytes);
  const digest = digestOf(payload);
  mkdirSync(join(directory, 'inbox'));
  writeFileSync(join(server.folder, 'tftpboot/payload'), payload);

  const alone = new AbortController();
  setTimeout(() => alone.abort(), 5000);
  const quiet = await askMeanwhile(crowd, alone.signal);
  const before = residentMib(pid, 'VmRSS');

  const together = new AbortController();
  const asking = askMeanwhile(crowd, together.signal);
  const fetch = `curl -s --tftp-blksize 1428 -o ${directory}/inbox/$i tftp://${SERVER}/payload`;
  const startedAt = performance.now();
  await crowd.run(
    'taskset',
    '-c',
    CPUS.clients,
    'sh',
    '-c',
    `for i in $(seq ${clients}); do ${fetch} & done; wait`,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  together.abort();
  const loaded = await asking;
  const exact = Array.from(
    { length: clients },
    (_, index) => digestOf(join(directory, 'inbox', String(index + 1))) === digest,
  ).filter(Boolean).length;

  const row = (name: string, { lost, mean, longest }: Delays) => [
    name,
    String(lost),
    mean.toFixed(2),
    longest.toFixed(2),
  ];
  console.log(`${exact} of ${clients} clients got ${values.mib} MiB exactly, in ${seconds.toFixed(1)} s`);
  console.log(`${((exact * bytes) / MIB / seconds).toFixed(1)} MiB/s`);
  console.log(
    table([['DHCP', 'lost', 'mean ms', 'longest ms'], row('alone', quiet), row('beside the crowd', loaded)]),
  );
  const highest = residentMib(pid, 'VmHWM');
  console.log(`server's memory: ${before.toFixed(0)} MiB before, ${highest.toFixed(0)} MiB at its highest`);
  await server.stop();
  if (exact !== clients) process.exitCode = 1;
} finally {
  await lab.close();
  rmSync(directory, { recursive: true, force: true });
}
