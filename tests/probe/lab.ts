/** Probes as operators run them: bin/pilotlight probe on a host of its own in the rack's network. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { FindingCode } from '../../src/probe/findings.ts';
import type { Report } from '../../src/probe/report.ts';
import type { Namespace } from '../lab/netns.ts';
import type { Rack } from '../lab/rack.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

export const PROBER_ADDRESS = '10.77.0.9';

/** A host that asks. */
export const prober = (rack: Rack): Namespace => rack.host('prober', `${PROBER_ADDRESS}/24`);

export interface Probed {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command inside; its exit code is part of what is looked at. */
export function runProbe(inside: Namespace, ...flags: readonly string[]): Promise<Probed> {
  const args = ['netns', 'exec', inside.name, LAUNCHER, 'probe', '--interface', 'eth0', ...flags];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: { out: string; err: string } = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    chunks.err += chunk.toString();
  });
  return new Promise((done) => child.once('close', (code) => done({ code, ...chunks })));
}

export interface Findings {
  readonly report: Report;
  readonly code: number | null;
  /** `error NO_ANSWER`, in order. */
  readonly found: readonly string[];
}

/** Probes and takes the report apart. `--wait` is longer than servers need here. */
export async function probe(inside: Namespace, ...flags: readonly string[]): Promise<Findings> {
  const { code, out, err } = await runProbe(inside, '--json', '--wait', '4s', ...flags);
  assert.equal(err, '', out);
  const report: Report = JSON.parse(out);
  assert.equal(code, report.ok ? 0 : 1, 'the exit code tells whether the chain holds');
  return { report, code, found: report.findings.map(({ severity, code: what }) => `${severity} ${what}`) };
}

/** The finding of a code; fails when there is none. */
export function findingOf({ report }: Findings, code: FindingCode): Report['findings'][number] {
  const found = report.findings.find((each) => each.code === code);
  assert.ok(found, `${code} is found among ${JSON.stringify(report.findings, undefined, 2)}`);
  return found;
}
