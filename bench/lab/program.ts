/** A program under measurement: in a namespace, on its CPUs, and gone when it is stopped. */
import type { ChildProcess } from 'node:child_process';
import type { Namespace } from '../../tests/lab/netns.ts';
import { prefer } from './cpu.ts';

export interface Program {
  readonly pid: number;
  /** Everything it has written to stdout and stderr so far. */
  output(): string;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** SIGTERM, and SIGKILL when it does not heed that for five seconds. Resolves when it has ended. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 5000;

/** `cpus` is a list for taskset(1). Throws when there is no such program. */
export function startProgram(
  inside: Namespace,
  cpus: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Program {
  const child: ChildProcess = inside.spawn('taskset', ['-c', cpus, command, ...args], {
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  prefer(pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    pid,
    output: () => output,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
