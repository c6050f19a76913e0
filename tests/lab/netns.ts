/**
 * Private networks for tests: namespaces, bridges, veth pairs, taps, and the programs that run inside. Everything
 * that a lab made is gone when it is closed, when the process ends in whatever way it can still notice (a failure, SIGINT,
 * SIGTERM), and, for what a SIGKILL left behind, when the next lab opens. Needs root and iproute2.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A network namespace: named `pl-PID-LAB-LABEL`, its loopback up, nothing else in it. */
export interface Namespace {
  readonly name: string;
  /** Runs a program inside and waits for it. Resolves to its stdout; rejects with its stderr when it fails. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** The same, waiting synchronously: for plumbing. */
  runSync(command: string, ...args: readonly string[]): string;
  /**
   * Starts a program inside, in a session of its own, so that Ctrl-C in a terminal reaches only us. It dies with us,
   * even when we are killed, and with the lab.
   */
  spawn(command: string, args: readonly string[], options?: SpawnInside): ChildProcess;
}

export interface SpawnInside {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** One end of a veth pair. */
export interface Plug {
  readonly in: Namespace;
  /** At most 15 characters. */
  readonly nic: string;
}

export interface Lab {
  /** The label is at most a few letters; it need only be unlike the lab's other labels. */
  namespace(label: string): Namespace;
  /** A bridge without address that forwards from its first moment (forward_delay 0). */
  bridge(inside: Namespace, nic: string): void;
  /** A pair of NICs joined by a wire, both up. */
  veth(one: Plug, other: Plug): void;
  /** A tap device, up, enslaved to a bridge of the same namespace. */
  tap(inside: Namespace, nic: string, bridge: string): void;
  /** Enslaves a NIC to a bridge of the same namespace. */
  enslave(inside: Namespace, nic: string, bridge: string): void;
  /** `10.77.0.1/24` */
  address(inside: Namespace, nic: string, cidr: string): void;
  /** Ends every program and namespace of this lab. Idempotent. */
  close(): Promise<void>;
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

function listNamespaces(): string[] {
  return ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '');
}

/** Namespaces of processes that were killed before they could tidy up. Their programs died with them. */
function sweepOrphans(): void {
  for (const name of listNamespaces()) {
    const owner = /^pl-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    try {
      ip('netns', 'delete', name);
    } catch {
      // Another lab that opens at this moment was quicker.
    }
  }
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
    return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

interface Holdings {
  /** Tells this lab's names from those of other labs of this process. */
  readonly tag: string;
  readonly names: Set<string>;
  readonly children: Set<ChildProcess>;
}

function openNamespace(label: string, holdings: Holdings): Namespace {
  const name = `pl-${process.pid}-${holdings.tag}-${label}`;
  ip('netns', 'add', name);
  holdings.names.add(name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return {
    name,
    async run(command, ...args) {
      const { stdout } = await execFileAsync('ip', ['netns', 'exec', name, command, ...args], {
        maxBuffer: 64 << 20,
      });
      return stdout;
    },
    runSync: (command, ...args) => ip('netns', 'exec', name, command, ...args),
    spawn(command, args, options = {}) {
      const inside = ['--pdeathsig', 'KILL', 'ip', 'netns', 'exec', name, command, ...args];
      const child = spawn('setpriv', inside, {
        cwd: options.cwd,
        env: options.env ?? process.env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      holdings.children.add(child);
      child.once('exit', () => holdings.children.delete(child));
      return child;
    },
  };
}

/** Opens a lab. Throws when not root, saying so. */
export function openLab(): Lab {
  if (process.getuid?.() !== 0) throw new Error('Network namespaces need root: run this as root.');
  sweepOrphans();
  const tag = randomBytes(2).toString('hex');
  const holdings: Holdings = { tag, names: new Set(), children: new Set() };

  function killPrograms(): void {
    for (const child of holdings.children) child.kill('SIGKILL');
  }
  function removeNamespaces(): void {
    for (const name of holdings.names) ip('netns', 'delete', name);
    holdings.names.clear();
  }
  function onExit(): void {
    killPrograms();
    removeNamespaces();
  }
  const onSignal = (_signal: NodeJS.Signals, number: number): void => process.exit(128 + number);
  process.on('exit', onExit);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  return {
    namespace: (label) => openNamespace(label, holdings),
    bridge(inside, nic) {
      ip('-n', inside.name, 'link', 'add', nic, 'type', 'bridge', 'forward_delay', '0');
      ip('-n', inside.name, 'link', 'set', nic, 'up');
    },
    veth(one, other) {
      const peer = ['peer', 'name', other.nic, 'netns', other.in.name];
      ip('-n', one.in.name, 'link', 'add', one.nic, 'type', 'veth', ...peer);
      ip('-n', one.in.name, 'link', 'set', one.nic, 'up');
      ip('-n', other.in.name, 'link', 'set', other.nic, 'up');
    },
    tap(inside, nic, bridge) {
      ip('-n', inside.name, 'tuntap', 'add', 'dev', nic, 'mode', 'tap');
      ip('-n', inside.name, 'link', 'set', nic, 'master', bridge, 'up');
    },
    enslave(inside, nic, bridge) {
      ip('-n', inside.name, 'link', 'set', nic, 'master', bridge);
    },
    address(inside, nic, cidr) {
      ip('-n', inside.name, 'address', 'add', cidr, 'dev', nic);
    },
    async close() {
      const children = [...holdings.children];
      killPrograms();
      await Promise.all(children.map(exited));
      removeNamespaces();
      process.off('exit', onExit);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
    },
  };
}
