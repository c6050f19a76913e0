/** Writes the JSON Schemas that editors use for completion into docs/schema/. Run it after a change of a schema. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../src/config/schema.ts';
import { machinesSchema, profileSchema } from '../src/profiles/schema.ts';
import { jsonSchema } from '../src/yaml/check.ts';

export const SCHEMA_DIRECTORY = join(import.meta.dirname, '../docs/schema');

/** File name → text of each schema, as it is committed. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const schemas = { pilotlight: configSchema, profile: profileSchema, machines: machinesSchema };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `${name}.schema.json`,
      `${JSON.stringify(jsonSchema(schema), null, 2)}\n`,
    ]),
  );
}

if (import.meta.main) {
  mkdirSync(SCHEMA_DIRECTORY, { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(join(SCHEMA_DIRECTORY, name), text);
}
