/**
 * Writes the JSON Schemas that editors use for completion into docs/schema/. Run it after a change of a schema, and
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

if (import.meta.main) {
  mkdirSync(SCHEMA_DIRECTORY, { recursive: true });
  for (const [name, schema] of schemaFiles()) {
    writeFileSync(join(SCHEMA_DIRECTORY, name), `${JSON.stringify(schema, null, 2)}\n`);
  }
}
