/** `options:` of subnets and profiles → wire bytes by option code. */
import * as z from 'zod';
import { nearestOptionName, parseOption } from '../dhcp/options.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { createReporter } from '../yaml/report.ts';
import type { OptionSet } from './model.ts';

/** Values by option name or number; the option table decides what each may be. */
export function optionMap() {
  const scalar = z.union([z.string(), z.number(), z.boolean()]);
  const value = z.union([scalar, z.array(scalar)], {
    error: 'text, a number, true, false, or a list of them',
  });
  return z.record(z.string(), value, { error: 'a mapping of option names or numbers to values' });
}

/** Options that belong to the conversation itself; a value from a file would make replies that are wrong. */
const OWN: ReadonlyMap<number, string> = new Map([
  [0, 'it is padding'],
  [1, 'it follows from the subnet'],
  [50, 'it is the client that sends it'],
  [51, 'write leaseTime in the subnet instead'],
  [52, 'the encoder sets it when a message is full'],
  [53, 'it follows from the conversation'],
  [54, 'write serverAddress in pilotlight.yaml instead'],
  [55, 'it is the client that sends it'],
  [57, 'it is the client that sends it'],
  [61, 'it is the client that sends it'],
  [82, 'it is the relay agent that sends it'],
  [255, 'it marks the end of the options'],
]);

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
    const key = typeof option === 'string' && /^\d{1,3}$/.test(option) ? Number(option) : option;
    const own = typeof key === 'number' ? OWN.get(key) : undefined;
    if (own !== undefined) {
      reporter.error('UNSUPPORTED', document.keyAt(path), `option ${key} is set by the server itself`, own);
      continue;
    }
    const parsed = parseOption(key, value);
    if ('error' in parsed) {
      if (isKnown(key)) reporter.error('WRONG_TYPE', document.at(path), parsed.error, parsed.hint);
      else reporter.error('UNKNOWN_OPTION', document.keyAt(path), parsed.error, parsed.hint);
      continue;
    }
    const ownByName = OWN.get(parsed.code);
    const earlier = paths.get(parsed.code);
    if (ownByName !== undefined) {
      reporter.error(
        'UNSUPPORTED',
        document.keyAt(path),
        `option ${option} is set by the server itself`,
        ownByName,
      );
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
  return typeof option === 'number' ? option > 0 && option < 255 : nearestOptionName(option) === option;
}
