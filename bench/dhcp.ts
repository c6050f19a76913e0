/**
 * DHCP beside Kea: 4-way exchanges that perfdhcp completes with each server, playing a relay with 50 000 clients. Every
 * server has a namespace, a link and the same CPUs of its own, and is up for a whole round; they are asked in turn, rate by
 * rate, so that whatever else the machine does meets all of them alike. A server's ceiling is its best median over the
 * rates on offer: what is beyond it is overload. One rate that all should carry is measured for losses and delay.
 *
 *   npm run bench:dhcp -- [--rounds 3] [--seconds 5] [--rates 9000,12000,…] [--steady 6000] [--clients 50000]
 *                         [--servers pilotlight,kea,dnsmasq[,pilotlight-ministry,pilotlight-million]] [--directory tmp] [--json]
 *
 * perfdhcp begins with the same clients each time, so that most have a lease when it counts, as machines that boot have, and
 * are told it again without a write (reuseTime; Kea: cache-threshold). `-anew` after a name of Pilotlight or Kea is the same
 * server without: then every ACK is a new lease.
 *
 * Needs root. Leases lie below --directory, which must be on a disk. Kea and dnsmasq do not sync theirs; Pilotlight does
 * before each ACK.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Lab, type Namespace, openLab } from '../tests/lab/netns.ts';
import { cpuSeconds, splitCpus } from './lab/cpu.ts';
import { SERVERS, type Server, siteOf } from './lab/dhcp-servers.ts';
import { median, table } from './lab/figures.ts';
import { type Outcome, runPerfdhcp } from './lab/perfdhcp.ts';
import { type Program, startProgram } from './lab/program.ts';

const HOME = join(import.meta.dirname, '..');
const TMPFS = 0x0102_1994;
const FIRST_SITE = 4;
const READY_MS = 20_000;
const CPUS = splitCpus();

/** One run of perfdhcp against one server. */
interface Run extends Outcome {
  readonly server: string;
  readonly round: number;
  readonly rate: number;
  /** CPU seconds of the server for 10 000 completed exchanges. */
  readonly cpu: number;
}

/** A server that answers. */
interface Running {
  readonly server: Server;
  readonly address: string;
  readonly program: Program;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    rates: { type: 'string', default: '9000,12000,15000,18000,22000,26000' },
    steady: { type: 'string', default: '6000' },
    clients: { type: 'string', default: '50000' },
    servers: { type: 'string', default: 'pilotlight,kea,dnsmasq' },
    directory: { type: 'string', default: join(HOME, 'tmp') },
    json: { type: 'boolean', default: false },
  },
});
const clients = Number(values.clients);
const seconds = Number(values.seconds);
const steady = Number(values.steady);
const rates = values.rates.split(',').map(Number);
const say = (text: string): void => (values.json ? console.error(text) : console.log(text));

/** A folder on a disk: leases in memory would be durable for nobody. */
function makeFolder(): string {
  mkdirSync(values.directory, { recursive: true });
  if (statfsSync(values.directory).type === TMPFS) {
    throw new Error(`${values.directory} is in memory: name a folder on a disk by --directory`);
  }
  return mkdtempSync(join(values.directory, 'bench-dhcp-'));
}

async function start(
  server: Server,
  index: number,
  lab: Lab,
  client: Namespace,
  folder: string,
): Promise<Running> {
  const inside = lab.namespace(`s${index}`);
  const nic = `srv${index}`;
  const site = siteOf(FIRST_SITE + index, nic, folder);
  mkdirSync(folder);
  lab.veth({ in: inside, nic }, { in: client, nic: `cli${index}` });
  lab.address(inside, nic, `${site.server}/${site.prefix}`);
  lab.address(client, `cli${index}`, `${site.relay}/${site.prefix}`);
  const { command, args, env } = server.prepare(site);
  const program = startProgram(inside, CPUS.server, command, args, env);
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const load = { server: site.server, clients: 100, rate: 100, seconds: 1, patience: 0.2 };
    const { completed } = await runPerfdhcp(client, CPUS.clients, load);
    if (completed > 0) return { server, address: site.server, program };
    if (performance.now() > deadline) throw new Error(`${server.name} does not answer: ${program.output()}`);
  }
}

async function measure(
  { server, address, program }: Running,
  client: Namespace,
  round: number,
  rate: number,
): Promise<Run> {
  const before = cpuSeconds(program.pid);
  // At the rate that all should carry, late answers are answers; beyond a server's ceiling its queue counts for nothing.
  const patience = rate === steady ? 0.5 : 0;
  const outcome = await runPerfdhcp(client, CPUS.clients, {
    server: address,
    clients,
    rate,
    seconds,
    patience,
  });
  const cpu = ((cpuSeconds(program.pid) - before) / outcome.completed) * 10_000;
  const { perSecond, lost, delay } = outcome;
  say(
    `round ${round}  ${server.name.padEnd(10)} ${String(rate).padStart(6)}/s offered ${perSecond.toFixed(0).padStart(6)}/s done  ` +
      `${(lost * 100).toFixed(1).padStart(5)} % lost  ${delay.toFixed(2).padStart(7)} ms  ${cpu.toFixed(2)} s CPU/10k`,
  );
  return { server: server.name, round, rate, cpu, ...outcome };
}

async function runRound(servers: readonly Server[], round: number, folder: string): Promise<Run[]> {
  const lab = openLab();
  const runs: Run[] = [];
  try {
    const client = lab.namespace('c');
    const running: Running[] = [];
    for (const [index, server] of servers.entries()) {
      running.push(await start(server, index, lab, client, join(folder, `${round}-${server.name}`)));
    }
    // Half of the clients have a lease before it counts, and what is compiled on the way is compiled.
    for (const each of running) {
      const load = { server: each.address, clients, rate: steady, seconds: Math.ceil(clients / 2 / steady) };
      await runPerfdhcp(client, CPUS.clients, load);
    }
    for (const rate of [steady, ...rates]) {
      for (const each of running) runs.push(await measure(each, client, round, rate));
    }
    for (const { program } of running) await program.stop();
  } finally {
    await lab.close();
  }
  return runs;
}

/** The medians over the rounds of one server at one rate. */
function medians(runs: readonly Run[], server: string, rate: number) {
  const own = runs.filter((run) => run.server === server && run.rate === rate);
  const of = (figure: (run: Run) => number): number => median(own.map(figure));
  return {
    rate,
    perSecond: of(({ perSecond }) => perSecond),
    lost: of(({ lost }) => lost),
    delay: of(({ delay }) => delay),
    cpu: of(({ cpu }) => cpu),
  };
}

function summarize(runs: readonly Run[], servers: readonly Server[]) {
  return servers.map(({ name, how }) => {
    const offered = rates.map((rate) => medians(runs, name, rate));
    const ceiling = offered.reduce((best, each) => (each.perSecond > best.perSecond ? each : best));
    return { name, how, steady: medians(runs, name, steady), offered, ceiling };
  });
}

type Summary = ReturnType<typeof summarize>;

function print(summary: Summary): void {
  const cells = ({ perSecond, lost, delay, cpu }: Summary[number]['steady']): string[] => [
    perSecond.toFixed(0),
    (lost * 100).toFixed(2),
    delay.toFixed(2),
    cpu.toFixed(2),
  ];
  const headings = ['offered/s', 'done/s', 'lost %', 'ms', 'CPU s/10k'];
  for (const { name, how, steady: usual, offered, ceiling } of summary) {
    const rows = [usual, ...offered].map((each) => [String(each.rate), ...cells(each)]);
    console.log(`\n${name} (${how}), medians\n${table([headings, ...rows])}`);
    console.log(`ceiling: ${ceiling.perSecond.toFixed(0)}/s`);
  }
  const [own, ...peers] = summary;
  if (own === undefined) return;
  for (const peer of peers) {
    const ratio = (own.ceiling.perSecond / peer.ceiling.perSecond).toFixed(2);
    const cpu = (own.steady.cpu / peer.steady.cpu).toFixed(2);
    const delay = (own.steady.delay / peer.steady.delay).toFixed(2);
    console.log(
      `\n${own.name} / ${peer.name}: ${ratio} in exchanges/s; at ${steady}/s ${cpu} in CPU, ${delay} in mean delay`,
    );
  }
}

execFileSync(join(HOME, 'scripts/packages'), ['bench'], { stdio: ['ignore', 2, 2] });
const servers = values.servers.split(',').map((name) => {
  const found = SERVERS.find((server) => server.name === name);
  if (found === undefined)
    throw new Error(`${name} is none of ${SERVERS.map((each) => each.name).join(', ')}`);
  return found;
});
const folder = makeFolder();
try {
  const runs: Run[] = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    runs.push(...(await runRound(servers, round, folder)));
  }
  const summary = summarize(runs, servers);
  if (values.json) {
    const machine = { cpu: cpus()[0]?.model, cpus: CPUS, kernel: release(), node: process.version };
    console.log(JSON.stringify({ machine, clients, seconds, runs, summary }, undefined, 2));
  } else print(summary);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
