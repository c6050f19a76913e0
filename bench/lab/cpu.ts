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

/** The same of a process that may have ended. */
function cpuSecondsIfAlive(pid: number): number | undefined {
  try {
    return cpuSeconds(pid);
  } catch {
    return undefined;
  }
}

/** A process's children that are alive now. */
function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

const LOOK_MS = 50;

/**
 * Adds up the CPU time of a server and its children from now on. tftpd-hpa forks one for each transfer and does not wait for
 * them, so their time is looked at while they live. stop() tells the seconds.
 */
export function watchCpu(pid: number): { stop(): number } {
  const seen = new Map<number, number>();
  function look(): void {
    for (const each of [pid, ...childrenOf(pid)]) {
      const seconds = cpuSecondsIfAlive(each);
      if (seconds !== undefined) seen.set(each, seconds);
    }
  }
  look();
  const before = seen.get(pid) ?? 0;
  const timer = setInterval(look, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return seen.values().reduce((sum, seconds) => sum + seconds, 0) - before;
    },
  };
}
