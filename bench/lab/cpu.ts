/** Which CPUs a benchmark gives to whom, and how much of them a program used. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** CPU lists for taskset(1). */
export interface CpuLists {
  readonly server: string;
  readonly clients: string;
}

/**
 * The clients of a rack do not run on the server's CPU. Here the server has the first half of the CPUs and the clients
 * the second, so that what is measured is the server and not how the scheduler mixes the two.
 */
export function splitCpus(): CpuLists {
  const count = availableParallelism();
  if (count < 2) return { server: '0', clients: '0' };
  const half = Math.floor(count / 2);
  return { server: `0-${half - 1}`, clients: `${half}-${count - 1}` };
}

/** Clock ticks a second of /proc/PID/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of one process, all its threads, in seconds (proc(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Puts a session before everything else on the machine, so that other work disturbs a measurement less: where the
 * kernel schedules by session (autogroup), the nice value of a process alone would only order it within its own.
 */
export function prefer(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-20');
  } catch {
    // A kernel without autogroup. The figures are as good as the machine is quiet.
  }
}
