/** Values that nearly fit a schema: its own keys, with values that are right, nearly right and quite wrong. */
import fc from 'fast-check';
import type * as z from 'zod';
import { jsonSchema } from '../../src/yaml/check.ts';

type Schema = z.core.JSONSchema._JSONSchema;

const SCALARS = fc.oneof(
  fc.constantFrom(
    '10.0.0.0/24',
    '10.0.0.1',
    '10.0.0.1-10.0.0.9',
    '1h',
    'eth1',
    '52:54:00:00:00:01',
    'bios',
    'a',
    '',
  ),
  fc.constantFrom('{{ machine.name }}', '{{', '#!ipxe\n{% x', '../..', '/', '*', 'full', 'off', '__proto__'),
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, true, false, 0, 7, 67, 65536),
);
const ANYTHING = fc.oneof(
  SCALARS,
  fc.array(SCALARS, { maxLength: 3 }),
  fc.dictionary(fc.string(), SCALARS, { maxKeys: 3 }),
);

export function arbitraryFor(schema: z.ZodType): fc.Arbitrary<unknown> {
  return fromSchema(jsonSchema(schema));
}

function fromSchema(schema: Schema | undefined): fc.Arbitrary<unknown> {
  if (typeof schema !== 'object') return ANYTHING;
  return fc.oneof({ arbitrary: fitting(schema), weight: 9 }, { arbitrary: ANYTHING, weight: 1 });
}

function fitting(schema: z.core.JSONSchema.BaseSchema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(fromSchema));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.type === 'array' && !Array.isArray(schema.items)) {
    return fc.array(fromSchema(schema.items), { maxLength: 3 });
  }
  if (schema.properties !== undefined) {
    const keys = Object.entries(schema.properties).map(([key, value]) => [key, fromSchema(value)] as const);
    return fc.record(Object.fromEntries(keys), { requiredKeys: [] });
  }
  if (schema.type === 'object') {
    const names = fc.constantFrom('bios', '7', 'default', 'routers', 'root-path', '300', 'a/b', '../c', 'x');
    return fc.dictionary(names, fromSchema(schema.additionalProperties), { maxKeys: 3 });
  }
  if (schema.type === 'integer') return fc.oneof(fc.integer(), fc.integer({ min: 0, max: 99 }));
  return SCALARS;
}
