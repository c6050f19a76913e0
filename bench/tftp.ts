/**
 * TFTP throughput beside the servers that people use: clients pull one file each, from one server in turn after the other,
 * round after round, over a veth pair between two network namespaces. Prints the medians, the server's CPU time and the ratios.
 * Every file that arrives is compared with what was served.
 *
 *   npm run bench:tftp -- [--rounds 3]     the loads of LOADS below, each beside the servers that it is about
 *   npm run bench:tftp -- --clients 16 [--mib 64] [--blksize 1428] [--windowsize 1] [--by programs|crowd] [--shared-cpus]
 *                         [--servers pilotlight,tftpd-hpa,dnsmasq,atftpd,npm-tftp]
 *                                          one load of your own; any of these options says so
 *
 * The server has the first half of the CPUs and the clients the second, unless --shared-cpus. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { giveAddresses } from '../tests/lab/crowd.ts';
import { type Namespace, openLab } from '../tests/lab/netns.ts';
import { splitCpus, watchCpu } from './lab/cpu.ts';
import { median, table } from './lab/figures.ts';
import { CLIENT_NIC, type Ground, type Load, payloadOf, pull, warmUp } from './lab/tftp-load.ts';
import { CONTENDERS, type Contender, NIC, SERVER } from './lab/tftp-servers.ts';

const READY_MS = 15_000;
const MIB = 1024 * 1024;
/** Addresses of the clients' NIC. */
const ADDRESSES = 256;

/** A load, and the servers to measure by it, ours first. */
interface Trial {
  readonly load: Load;
  readonly servers: readonly Contender[];
}

interface Figures {
  readonly mibPerSecond: number;
  readonly cpuSecondsPerGib: number;
}

const LOCK_STEP = { blockSize: 1428, windowSize: 1, cpus: splitCpus() } as const;
const ALL = CONTENDERS.map(({ name }) => name).join(',');
/** What firmware does most, by clients that leave the limit to the server and by real ones; then one, windows, many. */
const LOADS: readonly Trial[] = [
  { load: { ...LOCK_STEP, clients: 16, mib: 64, by: 'crowd' }, servers: CONTENDERS },
  {
    load: { ...LOCK_STEP, clients: 16, mib: 64, by: 'programs' },
    servers: named('pilotlight,tftpd-hpa,dnsmasq'),
  },
  {
    load: { ...LOCK_STEP, clients: 1, mib: 64, by: 'programs' },
    servers: named('pilotlight,tftpd-hpa,dnsmasq'),
  },
  {
    load: { ...LOCK_STEP, windowSize: 16, clients: 6, mib: 64, by: 'programs' },
    servers: named('pilotlight,atftpd'),
  },
  {
    load: { ...LOCK_STEP, clients: 256, mib: 4, by: 'crowd' },
    servers: named('pilotlight,tftpd-hpa,dnsmasq'),
  },
];

function named(names: string): readonly Contender[] {
  return names.split(',').map((name) => {
    const found = CONTENDERS.find((each) => each.name === name);
    if (found === undefined) throw new Error(`${name} is none of ${ALL}`);
    return found;
  });
}

/** Waits until a small file can be fetched. */
async function untilReady(client: Namespace): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      await client.run('curl', '-s', '--max-time', '1', `tftp://${SERVER}/ready`);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error('it does not answer', { cause: error });
      await pause(50);
    }
  }
}

async function measure(
  contender: Contender,
  server: Namespace,
  load: Load,
  ground: Ground,
): Promise<Figures> {
  const command = [contender.command, ...contender.args(ground.root)];
  const child = server.spawn('taskset', ['-c', load.cpus.server, ...command]);
  let noise = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    noise += chunk.toString();
  });
  child.stdout?.resume();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${contender.command} cannot be started`);
  try {
    await untilReady(ground.client);
    await warmUp(load, ground);
    const watch = watchCpu(pid);
    const seconds = await pull(load, ground);
    const cpu = watch.stop();
    const mib = load.clients * load.mib;
    return { mibPerSecond: mib / seconds, cpuSecondsPerGib: cpu / (mib / 1024) };
  } catch (error) {
    throw new Error(`${contender.name}: ${noise.trim()}`, { cause: error });
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

function report(results: ReadonlyMap<string, readonly Figures[]>): void {
  const rows = [...results].map(([name, figures]) => ({
    name,
    speed: median(figures.map((each) => each.mibPerSecond)),
    cpu: median(figures.map((each) => each.cpuSecondsPerGib)),
  }));
  const [own] = rows;
  const best = Math.max(...rows.slice(1).map(({ speed }) => speed));
  const cells = rows.map(({ name, speed, cpu }) => {
    const ratios = own === undefined ? [] : [(own.speed / speed).toFixed(2), (own.cpu / cpu).toFixed(2)];
    return [name, speed.toFixed(1), cpu.toFixed(2), ...ratios];
  });
  console.log(table([['median', 'MiB/s', 'CPU s/GiB', 'our speed by its', 'our CPU by its'], ...cells]));
  if (own !== undefined && rows.length > 1)
    console.log(`${own.name} / best peer: ${(own.speed / best).toFixed(2)} in speed`);
}

async function run({ load, servers }: Trial, server: Namespace, ground: Ground): Promise<void> {
  const { clients, mib, blockSize, windowSize, by, cpus } = load;
  const payload = join(ground.root, payloadOf(load));
  writeFileSync(payload, randomBytes(mib * MIB));
  const pace = windowSize === 1 ? 'in lock-step' : `with windows of ${windowSize}`;
  const sharing = cpus.server === cpus.clients ? ', CPUs shared' : '';
  console.log(`\n${clients} ${pace} (${by}), ${mib} MiB each, blksize ${blockSize}${sharing}`);
  const results = new Map<string, Figures[]>(servers.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of servers) {
      const figures = await measure(contender, server, load, ground);
      results.get(contender.name)?.push(figures);
      const speed = figures.mibPerSecond.toFixed(1).padStart(8);
      const cpu = figures.cpuSecondsPerGib.toFixed(2).padStart(8);
      console.log(`round ${round}  ${contender.name.padEnd(12)}${speed} MiB/s${cpu} CPU s/GiB`);
    }
  }
  report(results);
  rmSync(payload);
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string' },
    mib: { type: 'string' },
    blksize: { type: 'string' },
    windowsize: { type: 'string' },
    servers: { type: 'string' },
    by: { type: 'string' },
    'shared-cpus': { type: 'boolean' },
  },
});
const rounds = Number(values.rounds);

function ownTrial(): Trial {
  const { by = 'programs', windowsize = '1' } = values;
  if (by !== 'programs' && by !== 'crowd') throw new Error(`--by ${by} is neither programs nor crowd`);
  if (by === 'crowd' && windowsize !== '1') throw new Error('the crowd goes in lock-step');
  const everywhere = `0-${availableParallelism() - 1}`;
  const load: Load = {
    clients: Number(values.clients ?? 16),
    mib: Number(values.mib ?? 64),
    blockSize: Number(values.blksize ?? LOCK_STEP.blockSize),
    windowSize: Number(windowsize),
    by,
    cpus: values['shared-cpus'] ? { server: everywhere, clients: everywhere } : splitCpus(),
  };
  return { load, servers: named(values.servers ?? 'pilotlight,tftpd-hpa,dnsmasq') };
}

const isOwn = Object.keys(values).some((option) => option !== 'rounds');
const trials = isOwn ? [ownTrial()] : LOADS;
execFileSync(join(import.meta.dirname, '../scripts/packages'), ['bench'], { stdio: ['ignore', 2, 2] });
const directory = mkdtempSync('/dev/shm/pilotlight-bench-');
const lab = openLab();
try {
  const root = join(directory, 'root');
  const inbox = join(directory, 'inbox');
  for (const path of [root, inbox]) mkdirSync(path);
  writeFileSync(join(root, 'ready'), 'ready\n');
  execFileSync('chmod', ['-R', 'a+rX', directory]);

  const server = lab.namespace('s');
  const client = lab.namespace('c');
  lab.veth({ in: server, nic: NIC }, { in: client, nic: CLIENT_NIC });
  lab.address(server, NIC, `${SERVER}/16`);
  giveAddresses(lab, client, CLIENT_NIC, ADDRESSES);
  for (const trial of trials) await run(trial, server, { root, inbox, client });
} finally {
  await lab.close();
  rmSync(directory, { recursive: true, force: true });
}
