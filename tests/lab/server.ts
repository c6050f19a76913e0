/** The product itself, as an operator starts it: bin/pilotlight in a namespace, on a folder of its own. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { createFeed, type Feed } from './feed.ts';
import { readLines } from './lines.ts';
import type { Namespace } from './netns.ts';
import { makeScratch } from './scratch.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

/** One line of the log: what pino adds to every line, and the fields of src/journal/record.ts that are looked at. */
export interface LogRecord {
  /** Unix milliseconds. */
  readonly time: number;
  /** pino's number (20 debug, 30 info, 40 warn, 50 error); 0 for a line that is no record. */
  readonly level: number;
  readonly msg: string;
  readonly kind?: 'decision' | 'malformed' | 'transfer' | 'reload' | 'hint' | 'notice';
  readonly mac?: string;
  readonly port?: number;
  readonly message?: string;
  readonly reply?: string;
  readonly code?: string;
  readonly quirks?: readonly string[];
  readonly stage?: string;
  readonly profile?: string;
  readonly file?: string;
  readonly ip?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly protocol?: 'tftp' | 'http';
  readonly event?: string;
  readonly client?: string;
  readonly bytes?: number;
  readonly milliseconds?: number;
  readonly ok?: boolean;
  readonly diagnostics?: readonly string[];
}

export interface ServerSetup {
  /** pilotlight.yaml as an object; `profiles`, `machines`, `tftp.root` and `state` keep their default places. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Path below the server's folder → text, e.g. `profiles/rack.yaml`. */
  readonly texts?: Readonly<Record<string, string>>;
  /** What starts it: a program, which is given the launcher and its arguments. Default: nothing does. */
  readonly under?: readonly string[];
  /** Path below the server's folder → the file to copy there, e.g. `tftpboot/vmlinuz`. */
  readonly copies?: Readonly<Record<string, string>>;
}

export interface Server {
  /** Absolute: the folder with pilotlight.yaml, profiles/, machines/, tftpboot/, state/. */
  readonly folder: string;
  readonly pid: number;
  readonly records: Feed<LogRecord>;
  /** Writes a file below the folder in place, as `echo > FILE` does. */
  write(path: string, text: string): void;
  /** SIGTERM; asserts a clean exit, then removes the folder. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL, as a power cut would be; removes the folder too. */
  kill(): Promise<void>;
}

function isRecord(value: unknown): value is LogRecord {
  return typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string';
}

function parseRecord(line: string): LogRecord {
  try {
    const value: unknown = JSON.parse(line);
    if (isRecord(value)) return value;
  } catch {
    // Not JSON: told as it is, so that a crash can be read in the failure's message.
  }
  return { time: Date.now(), level: 0, msg: line };
}

function fillFolder(folder: string, setup: ServerSetup): void {
  for (const name of ['profiles', 'machines', 'tftpboot', 'state']) mkdirSync(join(folder, name));
  const place = (path: string): string => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  };
  for (const [path, text] of Object.entries(setup.texts ?? {})) writeFileSync(place(path), text);
  for (const [path, source] of Object.entries(setup.copies ?? {})) copyFileSync(source, place(path));
  writeFileSync(join(folder, 'pilotlight.yaml'), stringify(setup.config));
}

/** Starts Pilotlight and waits until every socket is bound. */
export async function startServer(inside: Namespace, setup: ServerSetup): Promise<Server> {
  const scratch = makeScratch('server');
  const folder = scratch.path;
  fillFolder(folder, setup);
  const [command = LAUNCHER, ...args] = [...(setup.under ?? []), LAUNCHER];
  const program = inside.spawn(command, [...args, 'serve', '-c', join(folder, 'pilotlight.yaml')]);
  const records = createFeed<LogRecord>((record) =>
    record.level === 0 ? record.msg : JSON.stringify(record),
  );
  const exit = new Promise<string>((done) => {
    program.once('close', (code, signal) => {
      records.end(`the server ended with ${signal ?? code}`);
      scratch.remove();
      done(String(signal ?? code));
    });
  });
  if (program.stdout !== null) readLines(program.stdout, (line) => records.push(parseRecord(line)));
  if (program.stderr !== null) readLines(program.stderr, (line) => records.push(parseRecord(line)));
  try {
    await records.waitFor('the server is ready', ({ msg }) => msg === 'ready', { seconds: 20 });
  } catch (error) {
    program.kill('SIGKILL');
    await exit;
    throw error;
  }
  return {
    folder,
    pid: program.pid ?? Number.NaN,
    records,
    write: (path, text) => writeFileSync(join(folder, path), text),
    async kill() {
      program.kill('SIGKILL');
      await exit;
    },
    async stop() {
      program.kill('SIGTERM');
      assert.equal(await exit, '0', 'SIGTERM ends the server cleanly');
    },
  };
}
