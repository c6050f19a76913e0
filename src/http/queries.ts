/** Query strings and path parameters → checked values. Each schema also documents itself in the OpenAPI document. */
import { parse } from 'node:querystring';
import { z } from 'zod';
import { ARCH_NAMES, type Arch, archCode, archOf } from '../boot/arch.ts';
import { LEASE_STATES } from '../leases/entries.ts';
import { parseIpv4, parseSubnet } from '../values/ipv4.ts';
import { parseMac } from '../values/mac.ts';

/** Text that a parser of values/ understands. */
function parsed<T>(parseText: (text: string) => T | undefined, what: string) {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined ? 'is missing' : 'is given more than once';
  return z.string({ error }).transform((text, context): T => {
    const value = parseText(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no ${what}` });
    return z.NEVER;
  });
}

/** A name, or a number of the registry; a number that the registry lacks stays a number. */
function parseArch(text: string): Arch | number | undefined {
  if (/^\d{1,5}$/.test(text)) return archOf(Number(text)) ?? Number(text);
  const code = archCode(text);
  return code === undefined ? undefined : archOf(code);
}

const mac = parsed(parseMac, 'MAC address').describe('In any usual writing.');
const arch = parsed(parseArch, `architecture: one of ${ARCH_NAMES.join(' ')}, or a number`).describe(
  'A name or number of the IANA client architectures.',
);
const uuid = z.string().toLowerCase();
const flag = z
  .enum(['', 'true', 'false', '1', '0'])
  .transform((text) => text !== 'false' && text !== '0')
  .describe('Present without a value, or true, is yes.');

export const ExplainParameters = z.strictObject({
  mac,
  arch: arch.optional(),
  ipxe: flag.optional(),
  uuid: uuid.optional(),
  vendorClass: z.string().optional(),
  userClass: z.string().optional(),
  giaddr: parsed(parseIpv4, 'IPv4 address').optional(),
  circuitId: z.string().optional(),
  remoteId: z.string().optional(),
});

/** Other parameters are let pass: an iPXE script of somebody's own may send them for its own ends. */
export const ScriptParameters = z.object({
  mac: mac
    .optional()
    .describe(
      'Default: whoever has the asking address, if its DHCP was seen; else a script that asks again.',
    ),
  arch: arch.optional(),
  uuid: uuid.optional(),
  item: z.coerce.number().int().min(1).max(1000).optional().describe('An item of its menu, counted from 1.'),
});

export const EventParameters = z.strictObject({
  mac: mac.optional(),
  limit: z.coerce.number().int().min(1).max(10_000).optional().describe('The newest; default 100.'),
});

export const LeaseParameters = z.strictObject({
  mac: mac.optional(),
  ip: parsed(parseIpv4, 'IPv4 address').optional(),
  subnet: parsed(parseSubnet, 'subnet, such as 10.11.11.0/24').optional(),
  state: z.enum(LEASE_STATES).optional(),
});

export const AddressParameters = z.strictObject({ ip: parsed(parseIpv4, 'IPv4 address') });
export const MachineParameters = z.strictObject({ mac });
export const FileParameters = z.object({ path: z.string().describe('The path below the boot roots.') });

/**
 * Keys may be written as the CLI's flags are: `vendor-class` is `vendorClass`. A key given twice becomes a list, which
 * no schema here accepts.
 */
export function parseQuery(text: string): Record<string, unknown> {
  const pairs = Object.entries(parse(text)).map(
    ([key, value]) => [key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value] as const,
  );
  return Object.fromEntries(pairs);
}

/** A fault of the request as one sentence: `mac: "x" is no MAC address`. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly statusCode = 400;
}

/** Checks unknown input; the error is returned, not thrown, as fastify's validators do. */
export function check(schema: z.ZodType, input: unknown): { value: unknown } | { error: BadRequest } {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data };
  const faults = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  return { error: new BadRequest(faults.join('; ')) };
}
