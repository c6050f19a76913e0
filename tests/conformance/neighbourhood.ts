/** A bridge with the server on it and hosts that have no address yet, each to run one DHCP client. */
import type { ChildProcess } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack } from '../lab/rack.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type LogRecord, type Server, type ServerSetup, startServer } from '../lab/server.ts';

export interface Program {
  /** To the program itself; resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL to it and to all that it started: dhcpcd is several processes, which outlive the first. */
  kill(): void;
}

export interface Host {
  readonly inside: Namespace;
  readonly mac: string;
  /** A folder for the client's files. */
  readonly folder: string;
  /** Runs on each change of the lease, by dhclient as by udhcpc, and does no more than to set the address. */
  readonly script: string;
  /** Starts a program inside. Whatever that program started in turn ends with the neighbourhood, too. */
  start(command: string, ...args: readonly string[]): Program;
  /** The IPv4 addresses that its NIC has. */
  addresses(): readonly string[];
  /** Waits for the server's next record about this host that fits; what came before it is passed over. */
  told(what: string, fits: (record: LogRecord) => boolean): Promise<LogRecord>;
  /** Waits for the next ACK and returns its address. */
  acknowledged(): Promise<string>;
}

export interface Neighbourhood {
  readonly rack: Rack;
  readonly server: Server;
  /** Plugs in a host without an address. */
  host(label: string): Host;
  close(): Promise<void>;
}

const SCRIPT = `#!/bin/sh
case "\${1:-$reason}" in
  bound | renew | BOUND | RENEW | REBIND | REBOOT)
    ip address replace "\${ip:-$new_ip_address}/24" dev "$interface" ;;
  deconfig | EXPIRE | FAIL | RELEASE | STOP)
    ip -4 address flush dev "$interface" ;;
esac
`;

/** Leases of these tests run seconds; on a machine that is busy with other things, everything else takes longer. */
const PATIENCE = { seconds: 40 };

export async function openNeighbourhood(setup: ServerSetup): Promise<Neighbourhood> {
  const rack = openRack();
  const scratch = makeScratch('clients');
  const server = await startServer(rack.server, setup).catch(async (error: unknown) => {
    await rack.close();
    throw error;
  });
  const programs: Program[] = [];
  const killPrograms = (): void => {
    for (const program of programs) program.kill();
  };
  process.on('exit', killPrograms);
  let hosts = 0;
  return {
    rack,
    server,
    host(label) {
      hosts += 1;
      const mac = `52:54:00:0c:00:0${hosts}`;
      return createHost({ rack, server, folder: scratch.path, label, mac, programs });
    },
    async close() {
      killPrograms();
      process.off('exit', killPrograms);
      await server.stop();
      await rack.close();
      scratch.remove();
    },
  };
}

interface HostParts {
  readonly rack: Rack;
  readonly server: Server;
  readonly folder: string;
  readonly label: string;
  readonly mac: string;
  readonly programs: Program[];
}

function createHost({ rack, server, folder, label, mac, programs }: HostParts): Host {
  const inside = rack.lab.namespace(label);
  rack.lab.veth({ in: inside, nic: 'eth0' }, { in: rack.wires, nic: label });
  rack.lab.enslave(rack.wires, label, 'br0');
  inside.runSync('ip', 'link', 'set', 'eth0', 'address', mac);
  const script = join(folder, `${label}.sh`);
  writeFileSync(script, SCRIPT);
  chmodSync(script, 0o755);
  let from = 0;
  async function told(what: string, fits: (record: LogRecord) => boolean): Promise<LogRecord> {
    const isIt = (record: LogRecord): boolean => record.mac === mac && fits(record);
    const record = await server.records.waitFor(`${label}: ${what}`, isIt, { ...PATIENCE, from });
    from = server.records.all.indexOf(record) + 1;
    return record;
  }
  return {
    inside,
    mac,
    folder,
    script,
    start(command, ...args) {
      const program = programOf(inside.spawn(command, args));
      programs.push(program);
      return program;
    },
    addresses() {
      const shown = inside.runSync('ip', '-4', '-o', 'address', 'show', 'dev', 'eth0');
      return Array.from(shown.matchAll(/inet ([\d.]+)/g), ([, address = '']) => address);
    },
    told,
    acknowledged: async () => (await told('an ACK', ({ reply }) => reply === 'ACK')).ip ?? '',
  };
}

/** A lab's programs lead a process group each. */
function programOf(child: ChildProcess): Program {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Nobody reads what it says, and a full pipe would stop it.
  child.stdout?.resume();
  child.stderr?.resume();
  return {
    async end(signal) {
      child.kill(signal);
      await gone;
    },
    signal: (signal) => void child.kill(signal),
    kill() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
  };
}
