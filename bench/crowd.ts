/**
 * A crowd: a thousand TFTP clients, each at an address and port of its own, pull one file at once and compare every byte,
 * while other machines ask for DHCP leases at a steady rate. Prints how long DHCP's answers took meanwhile, beside the same
 * rate without the crowd, and the server's memory before and at its highest.
 *
 *   npm run bench:crowd -- [--clients 1000] [--addresses 250] [--mib 4] [--rate 100]
 *
 * The server has the first half of the CPUs, everybody else the second. All the clients are one program, and who asks for
 * leases goes before it; files and leases lie in memory. So what is measured is the server, not how long programs wait to be
 * run or what else the disk has to do. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { giveAddresses, type PulseResult, runCrowd, startPulse } from '../tests/lab/crowd.ts';
import { openLab } from '../tests/lab/netns.ts';
import { startServer } from '../tests/lab/server.ts';
import { cpuSeconds, prefer, splitCpus } from './lab/cpu.ts';
import { table } from './lab/figures.ts';

const SERVER = '10.78.0.1';
const MIB = 1024 * 1024;
const BLOCK_SIZE = 1428;
const CPUS = splitCpus();
/** Not of a real-time class: V8's threads wait for one another in loops, which on one CPU then have no end. */
const URGENT = ['nice', '--adjustment=-20'];

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    addresses: { type: 'string', default: '250' },
    mib: { type: 'string', default: '4' },
    rate: { type: 'string', default: '100' },
  },
});
const clients = Number(values.clients);
const bytes = Number(values.mib) * MIB;

/** Resident MiB of a process, `VmRSS` now or `VmHWM` at its highest. */
function residentMib(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  const [, kib] =
    new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

function row(name: string, { asked, lost, delays }: PulseResult): string[] {
  const at = (part: number) => (delays[Math.ceil(part * delays.length) - 1] ?? Number.NaN).toFixed(2);
  return [name, String(asked), String(lost), at(0.5), at(0.99), at(0.999), at(1)];
}

process.env['TMPDIR'] = '/dev/shm';
execFileSync(join(import.meta.dirname, '../scripts/packages'), ['bench'], { stdio: ['ignore', 2, 2] });
const lab = openLab();
try {
  const house = lab.namespace('srv');
  const crowd = lab.namespace('cli');
  lab.veth({ in: house, nic: 'eth0' }, { in: crowd, nic: 'cli0' });
  lab.address(house, 'eth0', `${SERVER}/16`);
  giveAddresses(lab, crowd, 'cli0', Math.min(clients, Number(values.addresses)));
  const subnet = { subnet: '10.78.0.0/16', pools: ['10.78.100.0-10.78.250.255'] };
  const config = {
    interfaces: ['eth0'],
    dhcp: { mode: 'full', conflictCheck: 'off', subnets: [subnet] },
  };
  const server = await startServer(house, { config });
  const { pid } = server;
  prefer(pid);
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', CPUS.server, String(pid)], {
    stdio: 'ignore',
  });
  const copy = join(server.folder, 'tftpboot/payload');
  writeFileSync(copy, randomBytes(bytes));

  const pinned = ['taskset', '--cpu-list', CPUS.clients];
  const wire = { nic: 'cli0', server: SERVER };
  const pulse = async () => {
    const begun = await startPulse(crowd, { ...wire, rate: Number(values.rate) }, [...URGENT, ...pinned]);
    prefer(begun.pid);
    return begun;
  };

  const alone = await pulse();
  await sleep(5000);
  const quiet = await alone.stop();

  const before = residentMib(pid, 'VmRSS');
  const cpuBefore = cpuSeconds(pid);
  const beside = await pulse();
  const fetched = await runCrowd(
    crowd,
    { ...wire, clients, blockSize: BLOCK_SIZE, name: 'payload', copy },
    pinned,
  );
  const loaded = await beside.stop();

  const { exact, failures, seconds, repeated } = fetched;
  const gib = (exact * bytes) / MIB / 1024;
  console.log(`${exact} of ${clients} clients got ${values.mib} MiB exactly, in ${seconds.toFixed(1)} s`);
  for (const [why, count] of Object.entries(failures)) console.log(`${count} did not: ${why}`);
  const cpu = (cpuSeconds(pid) - cpuBefore) / gib;
  const rate = ((gib * 1024) / seconds).toFixed(1);
  console.log(`${rate} MiB/s, ${cpu.toFixed(1)} CPU s a GiB; clients repeated themselves ${repeated} times`);
  const heading = ['DHCP', 'asked', 'lost', 'median ms', '99 %', '99.9 %', 'longest'];
  console.log(table([heading, row('alone', quiet), row('beside the crowd', loaded)]));
  const highest = residentMib(pid, 'VmHWM');
  console.log(`server's memory: ${before.toFixed(0)} MiB before, ${highest.toFixed(0)} MiB at its highest`);
  await server.stop();
  if (exact !== clients) process.exitCode = 1;
} finally {
  await lab.close();
}
