/** What every command does first: read the configuration, and stop with its diagnostics when it is broken. */
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/model.ts';
import { type Diagnostic, formatDiagnostic } from '../yaml/diagnostic.ts';

export interface ConfigFlag {
  readonly config?: string | undefined;
}

/** Diagnostics on stderr, one a line with its hint beneath. */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  stream: NodeJS.WritableStream = process.stderr,
): void {
  for (const diagnostic of diagnostics) stream.write(`${formatDiagnostic(diagnostic)}\n`);
}

/** The checked configuration; undefined when it is broken, which has then been told, and the exit code set. */
export async function configOrExit({ config: file }: ConfigFlag): Promise<Config | undefined> {
  const { config, diagnostics } = await loadConfig(file, process.cwd());
  printDiagnostics(diagnostics);
  if (config === undefined) process.exitCode = 1;
  return config;
}
