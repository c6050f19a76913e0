/**
 * TFTP throughput beside the servers that people use: N curl clients pull one file each, from Pilotlight,
 * tftpd-hpa and dnsmasq in turn, round after round, over a veth pair between two network namespaces. Prints the medians, the
 * server's CPU time and the ratios. Every file that arrives is compared by its digest.
 *
 *   npm run bench:tftp -- [--rounds 3] [--clients 16] [--mib 64] [--blksize 1428] [--windowsize 1] [--shared-cpus]
 *                         [--servers pilotlight,tftpd-hpa,dnsmasq[,atftpd,npm-tftp]]
 *
 * Needs root.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Namespace, openLab } from '../tests/lab/netns.ts';
import { splitCpus } from './lab/cpu.ts';
import { median } from './lab/figures.ts';
import { CONTENDERS, type Contender, NIC, SERVER } from './lab/tftp-servers.ts';

const ALL_CPUS = `0-${availableParallelism() - 1}`;
const READY_MS = 15_000;
const MIB = 1024 * 1024;

interface Workload {
  readonly clients: number;
  readonly bytes: number;
  readonly blockSize: number;
  /** 1: lock-step. */
  readonly windowSize: number;
  readonly digest: string;
  /** CPU lists for taskset(1). */
  readonly cpus: { readonly server: string; readonly clients: string };
  readonly root: string;
  readonly inbox: string;
}

interface Figures {
  readonly mibPerSecond: number;
  readonly cpuSecondsPerGib: number;
}

/** Clock ticks a second of /proc/PID/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of one process, in seconds (proc(5), fields 14 and 15); undefined when it has ended. */
function cpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}

/** A process's children that are alive now. */
function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/**
 * Adds up the CPU time of a server and its children. tftpd-hpa forks one for each transfer and does not wait for them,
 * so their time is looked at while they live.
 */
function watchCpu(pid: number): { total(): number; stop(): void } {
  const seen = new Map<number, number>();
  function look(): void {
    for (const each of [pid, ...childrenOf(pid)]) {
      const seconds = cpuSeconds(each);
      if (seconds !== undefined) seen.set(each, seconds);
    }
  }
  look();
  const before = seen.get(pid) ?? 0;
  const timer = setInterval(look, 50);
  return {
    total() {
      look();
      return seen.values().reduce((sum, seconds) => sum + seconds, 0) - before;
    },
    stop: () => clearInterval(timer),
  };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** Waits until a small file can be fetched. */
async function untilReady(client: Namespace, name: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      await client.run('curl', '-s', '--max-time', '1', `tftp://${SERVER}/ready`);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${name} does not answer`, { cause: error });
      await pause(50);
    }
  }
}

/** curl goes in lock-step and knows no other way; windows are asked for by atftp. */
function fetchCommand({ blockSize, windowSize, inbox }: Workload, name: string): string {
  if (windowSize === 1)
    return `curl -s --tftp-blksize ${blockSize} -o ${inbox}/${name} tftp://${SERVER}/payload`;
  const options = `--option "blksize ${blockSize}" --option "windowsize ${windowSize}"`;
  return `atftp ${options} --get --remote-file payload --local-file ${inbox}/${name} ${SERVER}`;
}

async function measure(
  contender: Contender,
  server: Namespace,
  client: Namespace,
  load: Workload,
): Promise<Figures> {
  const child = server.spawn('taskset', [
    '-c',
    load.cpus.server,
    contender.command,
    ...contender.args(load.root),
  ]);
  let noise = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    noise += chunk.toString();
  });
  child.stdout?.resume();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${contender.command} cannot be started`);
  try {
    await untilReady(client, contender.name);
    const fetch = fetchCommand(load, '$i');
    const script = `for i in $(seq ${load.clients}); do ${fetch} & done; wait`;
    // The first fetch warms the page cache and the server's own for everyone alike.
    await client.run('sh', '-c', fetch.replace('$i', 'warm-up'));
    const watch = watchCpu(pid);
    const startedAt = performance.now();
    await client.run('taskset', '-c', load.cpus.clients, 'sh', '-c', script);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = watch.total();
    watch.stop();
    await verify(contender.name, load);
    const mib = (load.clients * load.bytes) / MIB;
    return { mibPerSecond: mib / seconds, cpuSecondsPerGib: cpu / (mib / 1024) };
  } catch (error) {
    throw new Error(`${contender.name}: ${noise.trim()}`, { cause: error });
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

/** Every client must have got every byte. */
async function verify(name: string, load: Workload): Promise<void> {
  const files = readdirSync(load.inbox);
  if (files.length !== load.clients + 1) throw new Error(`${name} served ${files.length - 1} clients`);
  for (const file of files) {
    const path = join(load.inbox, file);
    if ((await digestOf(path)) !== load.digest) throw new Error(`${name}: file ${file} differs`);
    rmSync(path);
  }
}

function report(results: ReadonlyMap<string, readonly Figures[]>): void {
  const rows = [...results].map(([name, figures]) => ({
    name,
    speed: median(figures.map((each) => each.mibPerSecond)),
    cpu: median(figures.map((each) => each.cpuSecondsPerGib)),
  }));
  console.log('\nmedian'.padEnd(15), 'MiB/s'.padStart(8), 'CPU s/GiB'.padStart(10));
  for (const { name, speed, cpu } of rows) {
    console.log(name.padEnd(14), speed.toFixed(1).padStart(8), cpu.toFixed(2).padStart(10));
  }
  const [own, ...peers] = rows;
  if (own === undefined) return;
  for (const peer of peers) {
    const ratio = (own.speed / peer.speed).toFixed(2);
    console.log(`${own.name} / ${peer.name}: ${ratio} in speed, ${(own.cpu / peer.cpu).toFixed(2)} in CPU`);
  }
  const best = Math.max(...peers.map((peer) => peer.speed));
  console.log(`${own.name} / best peer: ${(own.speed / best).toFixed(2)}`);
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '16' },
    mib: { type: 'string', default: '64' },
    blksize: { type: 'string', default: '1428' },
    windowsize: { type: 'string', default: '1' },
    servers: { type: 'string', default: 'pilotlight,tftpd-hpa,dnsmasq' },
    'shared-cpus': { type: 'boolean', default: false },
  },
});

const contenders = values.servers.split(',').map((name) => {
  const found = CONTENDERS.find((each) => each.name === name);
  if (found === undefined)
    throw new Error(`${name} is none of ${CONTENDERS.map((each) => each.name).join(', ')}`);
  return found;
});
execFileSync(join(import.meta.dirname, '../scripts/packages'), ['bench'], { stdio: ['ignore', 2, 2] });
const directory = mkdtempSync('/dev/shm/pilotlight-bench-');
const lab = openLab();
try {
  const root = join(directory, 'root');
  const inbox = join(directory, 'inbox');
  for (const path of [root, inbox]) mkdirSync(path);
  const payload = randomBytes(Number(values.mib) * MIB);
  writeFileSync(join(root, 'payload'), payload);
  writeFileSync(join(root, 'ready'), 'ready\n');
  execFileSync('chmod', ['-R', 'a+rX', directory]);

  const server = lab.namespace('s');
  const client = lab.namespace('c');
  lab.veth({ in: server, nic: NIC }, { in: client, nic: 'cli0' });
  lab.address(server, NIC, `${SERVER}/24`);
  lab.address(client, 'cli0', '10.78.0.2/24');

  const load: Workload = {
    clients: Number(values.clients),
    bytes: payload.length,
    blockSize: Number(values.blksize),
    windowSize: Number(values.windowsize),
    digest: createHash('sha256').update(payload).digest('hex'),
    cpus: values['shared-cpus'] ? { server: ALL_CPUS, clients: ALL_CPUS } : splitCpus(),
    root,
    inbox,
  };
  console.log(
    `${values.clients} clients, ${values.mib} MiB each, blksize ${values.blksize}, windowsize ${values.windowsize}`,
  );
  const results = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const contender of contenders) {
      const figures = await measure(contender, server, client, load);
      results.get(contender.name)?.push(figures);
      const speed = figures.mibPerSecond.toFixed(1).padStart(8);
      const cpu = figures.cpuSecondsPerGib.toFixed(2).padStart(8);
      console.log(`round ${round}  ${contender.name.padEnd(12)}${speed} MiB/s${cpu} CPU s/GiB`);
    }
  }
  report(results);
} finally {
  await lab.close();
  rmSync(directory, { recursive: true, force: true });
}
