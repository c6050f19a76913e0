/** `options:` of subnets and profiles → wire bytes by option code. */
import * as z from 'zod';
import { optionByName, parseOption } from '../dhcp/options.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { createReporter } from '../yaml/report.ts';
import type { OptionSet } from './model.ts';

/** Values by option name or number; the option table decides what each may be. */
export function optionMap() {
  return z.record(z.string(), z.unknown(), { error: 'a mapping of option names or numbers to values' });
}

/** RFC 2132 §3.3: a reply's mask is that of the subnet it was decided in, so another could only contradict it. */
const SUBNET_MASK = 1;

/** One option as written, and where. */
export interface WrittenOption {
  readonly option: string | number;
  readonly value: unknown;
  readonly path: Path;
}

/** The entries of an `options:` mapping at `path`. */
export function writtenOptions(
  values: Readonly<Record<string, unknown>> | undefined,
  path: Path,
): WrittenOption[] {
  return Object.entries(values ?? {}).map(([option, value]) => ({ option, value, path: [...path, option] }));
}

/** Encodes each option; a code that is given twice is an error at the second place. */
export function encodeOptions(
  document: YamlDocument,
  written: readonly WrittenOption[],
): { options: OptionSet; diagnostics: readonly Diagnostic[] } {
  const options = new Map<number, Uint8Array>();
  const paths = new Map<number, Path>();
  const reporter = createReporter();

  for (const { option, value, path } of written) {
    const parsed = parseOption(option, value);
    if ('error' in parsed) {
      if (isKnown(option)) reporter.error('WRONG_TYPE', document.at(path), parsed.error, parsed.hint);
      else reporter.error('UNKNOWN_OPTION', document.keyAt(path), parsed.error, parsed.hint);
      continue;
    }
    const earlier = paths.get(parsed.code);
    if (parsed.code === SUBNET_MASK) {
      const message = `${option} follows from the subnet and cannot be set`;
      reporter.error('UNSUPPORTED', document.keyAt(path), message, 'leave it out');
    } else if (earlier !== undefined) {
      const line = document.keyAt(earlier).line;
      const message = `${option} is DHCP option ${parsed.code}, which line ${line} sets already`;
      reporter.error('DUPLICATE_KEY', document.keyAt(path), message, 'keep one of the two');
    } else {
      options.set(parsed.code, parsed.bytes);
      paths.set(parsed.code, path);
    }
  }
  return { options, diagnostics: reporter.diagnostics };
}

function isKnown(option: string | number): boolean {
  return (
    optionByName(String(option)) !== undefined ||
    (/^([1-9]\d{0,2})$/.test(String(option)) && Number(option) < 255)
  );
}
