/** `pilotlight leases`: the bindings, read from the store, which a running server keeps current. */

import { type LeaseEntry, selectLeases } from '../leases/entries.ts';
import { StoreUnavailable } from '../leases/store.ts';
import { storedTable } from '../serve/leases.ts';
import { type ConfigFlag, configOrExit } from './load.ts';

export async function leases(flags: ConfigFlag & { readonly json?: boolean | undefined }): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  try {
    const now = Date.now();
    const entries = [...selectLeases(storedTable(config), {}, now)].filter((entry) => entry !== undefined);
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(entries, undefined, 2)}\n` : asTable(entries),
    );
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    process.stderr.write(`pilotlight: ${error.message}\n    hint: ${error.hint}\n`);
    process.exitCode = 1;
  }
}

function asTable(entries: readonly LeaseEntry[]): string {
  if (entries.length === 0) return 'no leases\n';
  const rows = [
    ['ADDRESS', 'MAC', 'STATE', 'EXPIRES', 'HOST NAME'],
    ...entries.map(({ ip, mac, state, expiresAt, hostname }) => [ip, mac, state, expiresAt, hostname ?? '']),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
