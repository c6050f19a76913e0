/**
 * What a store of many leases costs: the time from start until every socket is bound, the memory then, and the time that
 * `pilotlight leases --json` needs. Each figure is the median of some starts, beside a start with an empty store.
 *
 *   npm run bench:leases -- [--rounds 5] [--leases 0,100000,1000000] [--directory tmp]
 *
 * Needs root. Leases lie below --directory, which must be on a disk.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { type Namespace, openLab } from '../tests/lab/netns.ts';
import { storeOldLeases } from './lab/estates.ts';
import { median, table } from './lab/figures.ts';
import { startProgram } from './lab/program.ts';

const HOME = join(import.meta.dirname, '..');
const PILOTLIGHT = join(HOME, 'bin/pilotlight');
const POOL = '10.64.1.0-10.79.255.254';
const READY_MS = 60_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    leases: { type: 'string', default: '0,100000,1000000' },
    directory: { type: 'string', default: join(HOME, 'tmp') },
  },
});

interface Start {
  /** Milliseconds until the record `ready`. */
  readonly ready: number;
  /** MiB resident then, and at most until then. */
  readonly resident: number;
  readonly peak: number;
  /** Milliseconds of `pilotlight leases --json`, which asks the running server. */
  readonly list: number;
}

function prepare(folder: string, leases: number): string {
  for (const name of ['profiles', 'machines']) mkdirSync(join(folder, name), { recursive: true });
  storeOldLeases(join(folder, 'state'), POOL, leases);
  const file = join(folder, 'pilotlight.yaml');
  writeFileSync(
    file,
    `interfaces: [srv0]\ndhcp: { mode: full, conflictCheck: "off", subnets: [{ subnet: 10.64.0.0/12, pools: [${POOL}] }] }\n`,
  );
  return file;
}

/** A line of /proc/PID/status in MiB. */
function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function measure(inside: Namespace, file: string): Promise<Start> {
  const startedAt = performance.now();
  const program = startProgram(inside, '0-1023', PILOTLIGHT, ['serve', '--config', file]);
  try {
    while (!program.output().includes('"msg":"ready"')) {
      if (performance.now() > startedAt + READY_MS) throw new Error(`not ready: ${program.output()}`);
      await pause(2);
    }
    const ready = performance.now() - startedAt;
    const [resident, peak] = [memory(program.pid, 'VmRSS'), memory(program.pid, 'VmHWM')];
    const askedAt = performance.now();
    const options = { maxBuffer: 2 ** 30 };
    await promisify(execFile)(PILOTLIGHT, ['leases', '--config', file, '--json'], options);
    return { ready, resident, peak, list: performance.now() - askedAt };
  } finally {
    await program.stop();
  }
}

mkdirSync(values.directory, { recursive: true });
const folder = mkdtempSync(join(values.directory, 'bench-leases-'));
const lab = openLab();
try {
  const inside = lab.namespace('s');
  lab.veth({ in: inside, nic: 'srv0' }, { in: lab.namespace('c'), nic: 'cli0' });
  lab.address(inside, 'srv0', '10.64.0.1/12');
  const sizes = values.leases.split(',').map(Number);
  const files = new Map(sizes.map((size) => [size, prepare(join(folder, String(size)), size)]));
  const starts = new Map<number, Start[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [size, file] of files) starts.get(size)?.push(await measure(inside, file));
  }
  const rows = [...starts].map(([size, all]) => [
    String(size),
    ...(['ready', 'resident', 'peak', 'list'] as const).map((key) =>
      median(all.map((each) => each[key])).toFixed(0),
    ),
  ]);
  console.log(table([['leases', 'ready ms', 'MiB', 'MiB at most', 'list ms'], ...rows]));
} finally {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
}
