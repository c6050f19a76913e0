/** perfdhcp (Debian: kea-admin), which plays a relay with thousands of clients behind it, and what it tells. */
import type { Namespace } from '../../tests/lab/netns.ts';
import { startProgram } from './program.ts';

export interface Load {
  /** Of the server. The relay's own address, giaddr, is that of the NIC on the way to it. */
  readonly server: string;
  /** Clients that take turns, in no order. */
  readonly clients: number;
  /** 4-way exchanges that are begun each second. */
  readonly rate: number;
  readonly seconds: number;
  /** Seconds to wait for answers at the end; they do not count towards `exchanges`' rate. */
  readonly patience?: number;
}

export interface Outcome {
  /** DISCOVERs sent. */
  readonly begun: number;
  /** ACKs received. */
  readonly completed: number;
  /** ACKs a second, by perfdhcp's own clock. */
  readonly perSecond: number;
  /** Share of the exchanges that were begun and not completed, 0–1. */
  readonly lost: number;
  /** Mean milliseconds from DISCOVER to OFFER and from REQUEST to ACK, together. */
  readonly delay: number;
}

/** Runs it to its end, which is bounded. Throws with its output when that is not as expected. */
export async function runPerfdhcp(inside: Namespace, cpus: string, load: Load): Promise<Outcome> {
  const { server, clients, rate, seconds, patience = 0 } = load;
  // Its second thread, which receives, takes turns with the first on one CPU and lets the socket overflow meanwhile.
  const args = [
    '-4',
    '-g',
    'single',
    '-R',
    clients,
    '-r',
    rate,
    '-p',
    seconds,
    '-W',
    patience * 1e6,
    server,
  ].map(String);
  const program = startProgram(inside, cpus, 'perfdhcp', args);
  const deadline = setTimeout(() => void program.stop(), (seconds + patience + 10) * 1000);
  await program.ended;
  clearTimeout(deadline);
  return readOutcome(program.output());
}

/** Two parts alike, one for DISCOVER and OFFER, one for REQUEST and ACK, after a line on the rate. */
function readOutcome(output: string): Outcome {
  const numbers = (pattern: RegExp): number[] =>
    Array.from(output.matchAll(pattern), ([, text]) => Number(text));
  const [perSecond] = numbers(/^Rate: ([\d.]+) 4-way/gm);
  const [begun] = numbers(/^sent packets: (\d+)/gm);
  const [, completed] = numbers(/^received packets: (\d+)/gm);
  if (perSecond === undefined || begun === undefined || completed === undefined) {
    throw new Error(`perfdhcp says: ${output.slice(-1000)}`);
  }
  const delays = numbers(/^avg delay: ([\d.]+) ms/gm);
  return {
    begun,
    completed,
    perSecond,
    lost: begun === 0 ? 0 : 1 - completed / begun,
    delay: delays.reduce((sum, delay) => sum + delay, 0),
  };
}
