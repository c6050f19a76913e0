/**
 * Writes what follows from the schemas of the YAML files: the JSON Schemas that editors use for completion, into
 * docs/schema/, and the table of every key, docs/configuration.md. Run it after a change of a schema, and
 * `npm run format` after it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../src/config/schema.ts';
import { machinesSchema, profileSchema } from '../src/profiles/schema.ts';
import { jsonSchema } from '../src/yaml/check.ts';

export const SCHEMA_DIRECTORY = join(import.meta.dirname, '../docs/schema');

/** File name → schema, as it is committed. */
export function schemaFiles(): ReadonlyMap<string, unknown> {
  const schemas = { pilotlight: configSchema, profile: profileSchema, machines: machinesSchema };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [`${name}.schema.json`, jsonSchema(schema)]),
  );
}

export const REFERENCE = join(import.meta.dirname, '../docs/configuration.md');

/** The part of a JSON Schema that the reference tells of. */
interface Node {
  readonly type?: unknown;
  readonly description?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly additionalProperties?: unknown;
}

/** The mapping inside a node: itself, the entry of a list, or an alternative of either. */
function mappingOf(node: Node): { readonly node: Node; readonly list: boolean } | undefined {
  if (node.properties !== undefined) return { node, list: false };
  const entry = node.items === undefined ? undefined : mappingOf(node.items);
  if (entry !== undefined) return { node: entry.node, list: true };
  return node.anyOf?.map(mappingOf).find((found) => found !== undefined);
}

function rows(node: Node, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const inner = mappingOf(child);
    const name = `${prefix}${key}`;
    const values =
      child.enum === undefined ? '' : ` One of ${child.enum.map((value) => `\`${value}\``).join(', ')}.`;
    const row = `| \`${name}\` | ${String(child.description ?? '')}${values} |`;
    if (inner === undefined) return [row];
    const below = rows(inner.node, `${name}${inner.list ? '[]' : ''}.`);
    return child.description === undefined ? below : [row, ...below];
  });
}

/** The text of docs/configuration.md. */
export function reference(): string {
  const table = (schema: unknown): string => {
    const root = mappingOf(schema as Node);
    return ['| key | |', '|---|---|', ...rows(root?.node ?? {}, '')].join('\n');
  };
  const files = schemaFiles();
  return [
    '# Every key',
    '',
    'Made from the schemas by `node scripts/schemas.ts`. Every key is optional but `name` and `boot` of a profile, `subnet`',
    'of a subnet, and `mac` or `uuid` of a machine. An unknown key is an error. Durations are `30s`, `10m`, `1h`, `2d`; relative',
    'paths are relative to the file they stand in. What each error means: [diagnostics.md](diagnostics.md).',
    '',
    '## pilotlight.yaml',
    '',
    table(files.get('pilotlight.schema.json')),
    '',
    '## A profile: profiles/*.yaml',
    '',
    'Templates (`kernel`, `initrd`, `cmdline`, `script`, and the files under `files`) are Liquid and see `machine` (`name mac uuid ip',
    'vars`), `client` (`arch vendorClass userClass`), `server` (`address httpUrl tftpUrl`), `vars` and `profile.name`. A variable that is',
    'not there is an error, unless `| default: …` or `{% if %}` asks for it. A machine that nobody listed is named after its MAC.',
    '',
    table(files.get('profile.schema.json')),
    '',
    '## A machine, or a list: machines/*.yaml',
    '',
    table(files.get('machines.schema.json')),
    '',
  ].join('\n');
}

if (import.meta.main) {
  writeFileSync(REFERENCE, reference());
  mkdirSync(SCHEMA_DIRECTORY, { recursive: true });
  for (const [name, schema] of schemaFiles()) {
    writeFileSync(join(SCHEMA_DIRECTORY, name), `${JSON.stringify(schema, null, 2)}\n`);
  }
}
