/** `pilotlight leases import FILE`: moves over from another DHCP server without renumbering. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/model.ts';
import { type LeaseFormat, readLeaseFile, recognise } from '../leases/formats/formats.ts';
import type { LeaseFault, LeaseRecords } from '../leases/formats/record.ts';
import type { ImportNote, ImportPlan } from '../leases/import.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import type { Inventory } from '../profiles/model.ts';
import { importLeases } from '../serve/import.ts';
import { loadFor } from '../serve/inventory.ts';
import { describedWhere } from '../serve/where.ts';
import { askServer, ControlFailed } from './control.ts';
import { tellFailure } from './failure.ts';
import { type ConfigFlag, configOrExit, printDiagnostics } from './load.ts';

type Flags = ConfigFlag & {
  readonly format?: LeaseFormat | undefined;
  readonly skipBad?: boolean | undefined;
};

export async function importCommand(file: string, flags: Flags): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  await tellFailure(async () => {
    if ((await askServer(config.state, 'GET', '/v1/pools')) !== undefined) {
      throw new ControlFailed(
        'the server is running, and may have given away what the file says others have',
        'stop it, import, and start it again; its clients keep their addresses meanwhile',
      );
    }
    const now = Date.now();
    const { format, records, faults } = read(file, flags.format, now);
    tellAll(file, 'error', faults);
    if (faults.length > 0 && flags.skipBad !== true) {
      throw new ControlFailed(
        `nothing is imported from ${file}, since parts of it cannot be understood`,
        'mend the file, or leave those parts out with --skip-bad',
      );
    }
    const inventory = await inventoryOf(config);
    const plan = importLeases(records, config, inventory, now);
    tellAll(file, 'warning', plan.warnings);
    tellAll(file, 'conflict', plan.conflicts);
    process.stdout.write(summary(file, format, plan, faults));
  });
}

function read(
  file: string,
  wanted: LeaseFormat | undefined,
  now: number,
): LeaseRecords & { format: LeaseFormat } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ControlFailed(`cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
  const format = wanted ?? recognise(text);
  if (format !== undefined) return { format, ...readLeaseFile(format, text, now) };
  throw new ControlFailed(
    `${file} is no lease file that is known here`,
    'name its format with --format: isc for dhcpd.leases, kea-csv for kea-leases4.csv, dnsmasq for dnsmasq.leases',
  );
}

async function inventoryOf(config: Config): Promise<Inventory> {
  const network = createLinuxNetwork();
  const where = describedWhere(config, network.nics());
  await network.close();
  const { inventory, diagnostics } = await loadFor(config, where, 1);
  if (inventory !== undefined) return inventory;
  printDiagnostics(diagnostics);
  throw new ControlFailed(
    'nothing is imported, since profiles or machines are broken',
    'clients are known by the machines that they are, so mend the files first',
  );
}

/** Lines of one kind, before the rest is only counted. */
const SHOWN = 20;

function tellAll(file: string, kind: string, notes: readonly (ImportNote | LeaseFault)[]): void {
  for (const { place, message } of notes.slice(0, SHOWN)) {
    process.stderr.write(`${file}:${place.line}:${place.column}: ${kind} ${message}\n`);
  }
  if (notes.length > SHOWN)
    process.stderr.write(`${file}: ${notes.length - SHOWN} more of this kind: ${kind}\n`);
}

function summary(file: string, format: string, plan: ImportPlan, faults: readonly LeaseFault[]): string {
  const { bindings, running, older, nobody, warnings, conflicts } = plan;
  const lines = [
    `imported ${bindings.length} leases from ${file} (${format}): ${running} running, ` +
      `${bindings.length - running} over and kept as the previous addresses of their clients`,
  ];
  if (older > 0) lines.push(`left as they are: ${older} of which newer is known here`);
  if (nobody > 0) lines.push(`passed over: ${nobody} that nobody has`);
  if (conflicts.length > 0) lines.push(`not imported: ${conflicts.length} that others have here`);
  if (faults.length > 0) lines.push(`not understood: ${faults.length}`);
  if (warnings.length > 0) lines.push(`${warnings.length} clients will get other addresses, as told above`);
  return `${lines.join('\n')}\n`;
}
