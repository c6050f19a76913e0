/**
 * A zod schema against a positioned document: values in their final types, or diagnostics in words for people.
 *
 * Schemas state in each `error` what they expect, as a noun phrase ("a duration such as 30s"); the sentence round it
 * and what stands there instead are added here. A transform that refuses its text adds a custom issue whose params
 * are a `Refusal`.
 */
import * as z from 'zod';
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';
import type { Path, YamlDocument } from './document.ts';
import { nearest } from './nearest.ts';

/** Params of a custom issue; its message then stands as it is. Without a code: WRONG_TYPE. */
export interface Refusal {
  readonly code?: DiagnosticCode | undefined;
  readonly hint?: string | undefined;
  /** The fault is the key's, not the value's. */
  readonly atKey?: boolean | undefined;
}

export interface Checked<T> {
  /** Also there when unknown or duplicate keys are all that is wrong, so that later checks can still speak. */
  readonly value: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

type Issue = z.core.$ZodIssue;

/** Checks the value at `path` (the whole document when absent). Nothing is thrown. */
export function checkValue<S extends z.ZodType>(
  schema: S,
  document: YamlDocument,
  path: Path = [],
): Checked<z.output<S>> {
  const input = valueAt(document.value, path);
  const first = schema.safeParse(input, { error: expectation });
  if (first.success) return { value: first.data, diagnostics: [] };

  const issues = first.error.issues.flatMap((issue) => flatten(issue, path));
  const diagnostics = issues.flatMap((issue) => explain(issue, schema, document, path.length));
  if (issues.some((issue) => issue.code !== 'unrecognized_keys')) return { value: undefined, diagnostics };

  const pruned = structuredClone(input);
  for (const issue of issues) {
    const holder = valueAt(pruned, issue.path.slice(path.length));
    if (issue.code !== 'unrecognized_keys' || !isRecord(holder)) continue;
    for (const key of issue.keys) delete holder[key];
  }
  const second = schema.safeParse(pruned, { error: expectation });
  return { value: second.success ? second.data : undefined, diagnostics };
}

/** What a schema without words of its own expects. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_PHRASES[String(issue.expected)] ?? `a value of type ${issue.expected}`;
    case 'invalid_value':
      return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' ? 'at least one entry' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return 'another value';
  }
}

const TYPE_PHRASES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/**
 * Union issues → the issues of the one branch that the author meant: the branch whose kind of value (text, list,
 * mapping) is what stands there. When no branch or more than one fits, the union speaks for itself.
 */
function flatten(issue: Issue, base: Path): Issue[] {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ ...issue, path }];
  const fitting = issue.errors.filter((branch) =>
    branch.every((inner) => inner.path.length > 0 || !ofKind(inner)),
  );
  const [only] = fitting;
  if (only === undefined || fitting.length > 1) return [{ ...issue, path }];
  return only.flatMap((inner) => flatten(inner, path));
}

function ofKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_union';
}

function explain(issue: Issue, schema: z.ZodType, document: YamlDocument, baseLength: number): Diagnostic[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(jsonSchema(schema), path.slice(baseLength));
    return issue.keys.map((key) => unknownKey(document, [...path, key], known));
  }
  if (!document.has(path)) return [missingKey(document, path, issue.message)];
  if (issue.code === 'custom' && issue.params !== undefined) {
    const refusal = issue.params as Refusal;
    return [
      {
        severity: 'error',
        code: refusal.code ?? 'WRONG_TYPE',
        position: refusal.atKey === true ? document.keyAt(path) : document.at(path),
        message: issue.message.startsWith('expected ') ? subject(path) + issue.message : issue.message,
        hint: refusal.hint,
      },
    ];
  }
  return [wrongType(issue, schema, document, baseLength)];
}

function wrongType(issue: Issue, schema: z.ZodType, document: YamlDocument, baseLength: number): Diagnostic {
  const value = valueAt(document.value, issue.path);
  const source = document.sourceOf(issue.path);
  const likely =
    issue.code === 'invalid_value' && typeof value === 'string'
      ? nearest(value, issue.values.map(String))
      : undefined;
  let hint: string | undefined;
  if (likely !== undefined) hint = `nearest known: ${likely}`;
  else if (value === null) hint = 'give it a value, or leave the key out';
  else {
    const path = issue.path.slice(baseLength);
    const input = valueAt(document.value, issue.path.slice(0, baseLength));
    hint = quoting(value, source, (other) => isRightWith(schema, input, path, other));
  }
  return {
    severity: 'error',
    code: 'WRONG_TYPE',
    position: document.at(issue.path),
    message: `${subject(issue.path)}expected ${issue.message}, found ${describeValue(value, source)}`,
    hint,
  };
}

/** A number or a truth value that would be right as text, or the other way round. */
function quoting(
  value: unknown,
  source: string | undefined,
  helps: (other: unknown) => boolean,
): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') {
    const written = source ?? String(value);
    return helps(written) ? `quotes make it text: "${written}"` : undefined;
  }
  if (typeof value !== 'string' || value === '') return undefined;
  const bare = value === 'true' || value === 'false' ? value === 'true' : Number(value);
  return helps(bare) ? `write it without quotes: ${value}` : undefined;
}

/** Whether nothing would be wrong at `path` if `other` stood there. */
function isRightWith(schema: z.ZodType, input: unknown, path: Path, other: unknown): boolean {
  const last = path.at(-1);
  if (last === undefined) return schema.safeParse(other).success;
  const changed = structuredClone(input);
  const holder = valueAt(changed, path.slice(0, -1));
  if (typeof holder !== 'object' || holder === null) return false;
  Reflect.set(holder, last, other);
  const issues = schema.safeParse(changed).error?.issues ?? [];
  return !issues.flatMap((issue) => flatten(issue, [])).some((issue) => startsWith(issue.path, path));
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((segment, index) => path[index] === segment);
}

function missingKey(document: YamlDocument, path: Path, phrase: string): Diagnostic {
  const key = String(path.at(-1) ?? '');
  return {
    severity: 'error',
    code: 'MISSING_KEY',
    position: document.keyAt(path.slice(0, -1)),
    message: `the key ${key} is missing`,
    hint: `give ${phrase}`,
  };
}

function unknownKey(document: YamlDocument, path: Path, known: readonly string[]): Diagnostic {
  const key = String(path.at(-1) ?? '');
  return {
    severity: 'error',
    code: 'UNKNOWN_KEY',
    position: document.keyAt(path),
    message: `there is no key ${key} here`,
    hint: unknownKeyHint(key, known),
  };
}

function unknownKeyHint(key: string, known: readonly string[]): string {
  // YAML 1.1 merges mappings by it, 1.2 does not.
  if (key === '<<')
    return 'there are no merge keys here: write the keys out, or put an alias in place of the whole';
  const likely = nearest(key, known);
  return likely === undefined ? `known keys: ${known.join(', ')}` : `nearest known: ${likely}`;
}

/** `mode: ` for a value under a key, nothing for one in a list or at the root. */
function subject(path: Path): string {
  const last = path.at(-1);
  return typeof last === 'string' ? `${last}: ` : '';
}

/** A value as a message names it: short, and in the author's own writing where it is a scalar. */
export function describeValue(value: unknown, source?: string): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (value === '') return 'empty text';
  if (typeof value === 'number') return `the number ${source ?? value}`;
  if (typeof value === 'boolean') return `${value}`;
  const [line = ''] = String(value).split('\n');
  return `"${line.length > 60 ? `${line.slice(0, 57)}...` : line}"`;
}

/** The JSON Schema of what authors write (before any transform), for editors and for naming known keys. */
export function jsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function knownKeys(schema: z.core.JSONSchema._JSONSchema | undefined, path: Path): string[] {
  if (typeof schema !== 'object') return [];
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((branch) => knownKeys(branch, path));
  const [segment, ...rest] = path;
  if (segment === undefined) return Object.keys(schema.properties ?? {});
  if (typeof segment === 'number') {
    return Array.isArray(schema.items) ? [] : knownKeys(schema.items, rest);
  }
  return knownKeys(schema.properties?.[String(segment)] ?? schema.additionalProperties, rest);
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = Reflect.get(current, segment);
  }
  return current;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
