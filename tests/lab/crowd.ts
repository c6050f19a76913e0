/** A crowd of TFTP clients and a pulse of DHCP clients, each a program of its own in a namespace. */
import { join } from 'node:path';
import type { PulseResult } from './dhcp-pulse.ts';
import { readLines } from './lines.ts';
import type { Lab, Namespace } from './netns.ts';
import type { CrowdResult } from './tftp-crowd.ts';

export type { CrowdResult, PulseResult };

/** A command that others are started by, such as `taskset -c 1`. */
export type Prefix = readonly string[];

export interface CrowdOptions {
  readonly nic: string;
  readonly server: string;
  readonly clients: number;
  readonly blockSize: number;
  /** What they ask for. */
  readonly name: string;
  /** The file to compare with. */
  readonly copy: string;
}

export interface Pulse {
  readonly pid: number;
  /** Ends it. */
  stop(): Promise<PulseResult>;
}

const program = (name: string): Prefix => [process.execPath, join(import.meta.dirname, name)];

/** Gives a NIC so many addresses of 10.78.0.0/16, from 10.78.0.2 on. */
export function giveAddresses(lab: Lab, inside: Namespace, nic: string, count: number): void {
  for (let host = 2; host < 2 + count; host++)
    lab.address(inside, nic, `10.78.${host >> 8}.${host & 0xff}/16`);
}

function start(inside: Namespace, [command = '', ...args]: Prefix, onLine: (line: string) => void) {
  const child = inside.spawn(command, args);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  if (child.stdout !== null) readLines(child.stdout, onLine);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${errors}`)),
    );
  });
  return { child, ended };
}

/** Resolves when each client has the file or has given up. */
export async function runCrowd(
  inside: Namespace,
  { nic, server, clients, blockSize, name, copy }: CrowdOptions,
  prefix: Prefix = [],
): Promise<CrowdResult> {
  let result: CrowdResult | undefined;
  const args = [nic, server, `${clients}`, `${blockSize}`, name, copy];
  const { ended } = start(inside, [...prefix, ...program('tftp-crowd.ts'), ...args], (line) => {
    result = JSON.parse(line);
  });
  await ended;
  if (result === undefined) throw new Error('the crowd said nothing');
  return result;
}

/** Resolves once the first client has an address; `rate` more ask each second. */
export async function startPulse(
  inside: Namespace,
  { nic, server, rate }: { readonly nic: string; readonly server: string; readonly rate: number },
  prefix: Prefix = [],
): Promise<Pulse> {
  let result: PulseResult | undefined;
  const ready = Promise.withResolvers<void>();
  const command = [...prefix, ...program('dhcp-pulse.ts'), nic, server, `${rate}`];
  const { child, ended } = start(inside, command, (line) => {
    if (line === 'ready') ready.resolve();
    else result = JSON.parse(line);
  });
  await Promise.race([ready.promise, ended]);
  return {
    pid: child.pid ?? Number.NaN,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      if (result === undefined) throw new Error('the pulse said nothing');
      return result;
    },
  };
}
