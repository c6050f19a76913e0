/**
 * A boot beside dnsmasq: a bare machine under QEMU, from power on to Linux. Each server has a rack of its own and is up all
 * the time; the machines are switched on in turn, one at a time, so that whatever else this computer does meets both.
 *
 *   npm run bench:boot -- [--uefi] [--rounds 5] [--json]
 *
 * Needs root. The goals: of dnsmasq's time half at most for BIOS, two thirds at most for UEFI.
 */
import { execFileSync } from 'node:child_process';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stagesOf } from '../scripts/demo/stages.ts';
import { GUEST_MARKER } from '../tests/lab/guest.ts';
import { BOOT_DEADLINE } from '../tests/lab/scene.ts';
import { type BootServer, startDnsmasqBoot, startPilotlight } from './lab/boot-servers.ts';
import { median, table } from './lab/figures.ts';

const GOALS = { bios: 1 / 2, uefi: 2 / 3 } as const;

const { values } = parseArgs({
  options: {
    uefi: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const firmware = values.uefi ? 'uefi' : 'bios';
const rounds = Number(values.rounds);
const say = (text: string): void => (values.json ? console.error(text) : console.log(text));

/** One boot; seconds. */
interface Boot {
  readonly server: string;
  readonly round: number;
  readonly total: number;
  /** What each stage took, by its name, in the order of the boot. */
  readonly stages: Readonly<Record<string, number>>;
}

async function boot(server: BootServer, round: number): Promise<Boot> {
  const before = server.records.length;
  const machine = server.powerOn();
  try {
    await machine.waitFor(new RegExp(GUEST_MARKER), BOOT_DEADLINE);
  } finally {
    await machine.stop();
  }
  const seen = stagesOf({ records: server.records.slice(before), serial: machine.serial.all });
  const stages: Record<string, number> = {};
  let begun = machine.poweredOnAt;
  for (const { name, endedAt } of seen) {
    stages[name] = (endedAt - begun) / 1000;
    begun = endedAt;
  }
  const total = (begun - machine.poweredOnAt) / 1000;
  say(`round ${round}  ${server.name.padEnd(10)}  ${total.toFixed(2).padStart(6)} s`);
  return { server: server.name, round, total, stages };
}

function summarize(boots: readonly Boot[], server: string) {
  const own = boots.filter((each) => each.server === server);
  const names = [...new Set(own.flatMap(({ stages }) => Object.keys(stages)))];
  const stages = names.map((name) => ({ name, seconds: median(own.map((each) => each.stages[name] ?? 0)) }));
  return { server, total: median(own.map(({ total }) => total)), stages };
}

function print(summaries: readonly ReturnType<typeof summarize>[], ratio: number): void {
  const stages = [...new Set(summaries.flatMap((each) => each.stages.map(({ name }) => name)))];
  const cell = (seconds: number | undefined): string => (seconds === undefined ? '–' : seconds.toFixed(2));
  const rows = stages.map((stage) => [
    stage,
    ...summaries.map((each) => cell(each.stages.find(({ name }) => name === stage)?.seconds)),
  ]);
  const headings = [`${firmware}, seconds, medians of ${rounds}`, ...summaries.map(({ server }) => server)];
  const totals = ['power on to Linux', ...summaries.map(({ total }) => cell(total))];
  console.log(`\n${table([headings, ...rows, totals])}`);
  const goal = GOALS[firmware];
  const verdict = ratio <= goal ? 'reached' : 'missed';
  console.log(
    `\npilotlight / dnsmasq: ${ratio.toFixed(2)}; the goal, ${goal.toFixed(2)} at most, is ${verdict}`,
  );
}

execFileSync(join(import.meta.dirname, '../scripts/packages'), ['test'], { stdio: ['ignore', 2, 2] });
const boots: Boot[] = [];
const servers: BootServer[] = [];
try {
  for (const start of [startPilotlight, startDnsmasqBoot]) servers.push(await start(firmware));
  for (let round = 1; round <= rounds; round += 1) {
    for (const server of servers) boots.push(await boot(server, round));
  }
} finally {
  for (const server of servers) await server.close();
}
const summaries = servers.map(({ name }) => summarize(boots, name));
const [own, peer] = summaries;
const ratio = (own?.total ?? Number.NaN) / (peer?.total ?? Number.NaN);
if (values.json) {
  const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, kernel: release(), node: process.version };
  console.log(JSON.stringify({ machine, firmware, boots, summaries, ratio }, undefined, 2));
} else print(summaries, ratio);
