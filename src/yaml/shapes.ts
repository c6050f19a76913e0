/** The kinds of value that configuration, profiles and machines share, as zod schemas (see check.ts for their words). */
import * as z from 'zod';
import { parseBytes } from '../values/bytes.ts';
import { parseDuration } from '../values/duration.ts';
import { formatSubnet, type Ipv4, netmask, parseIpv4, parseSubnet, type Subnet } from '../values/ipv4.ts';
import { type Mac, parseMac } from '../values/mac.ts';
import { describeValue, type Refusal } from './check.ts';

/** Why a reader refuses a text. Without a message: "expected <phrase>, found …". */
export interface Refused extends Refusal {
  readonly refused: true;
  readonly message?: string | undefined;
}

/** Non-empty text. `phrase` completes "expected …". */
export function text(phrase: string) {
  return z.string({ error: phrase }).min(1, { error: phrase });
}

/** Text that `read` turns into its final value, or refuses. */
export function textAs<T>(phrase: string, read: (text: string) => T | Refused) {
  return z.string({ error: phrase }).transform((written, context): T => {
    const result = read(written);
    if (!isRefused(result)) return result;
    const { message = `expected ${phrase}, found ${describeValue(written)}`, code, hint, atKey } = result;
    context.addIssue({ code: 'custom', message, params: { code, hint, atKey } satisfies Refusal });
    return z.NEVER;
  });
}

/** A refusal for `textAs`. */
export function refuse(refusal: Omit<Refused, 'refused'> = {}): Refused {
  return { refused: true, ...refusal };
}

function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'refused' in value && value.refused === true;
}

/** A whole number within bounds, both included. */
export function integer(phrase: string, minimum: number, maximum: number) {
  return z.int({ error: phrase }).min(minimum, { error: phrase }).max(maximum, { error: phrase });
}

/** A mapping whose keys are all known. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape, phrase = 'a mapping') {
  return z.strictObject(shape, { error: phrase });
}

/** One value, or a list of at least one; always a list in the end. */
export function oneOrMany<S extends z.ZodType>(entry: S, phrase: string) {
  const many = z.array(entry, { error: phrase }).min(1, { error: 'at least one entry' });
  return z
    .union([entry, many], { error: phrase })
    .transform((value): z.output<S>[] => (Array.isArray(value) ? value : [value as z.output<S>]));
}

/** Seconds, within bounds that the phrase should name. */
export function duration(phrase: string, minimum: number, maximum: number) {
  return textAs(phrase, (written) => {
    const seconds = parseDuration(written);
    return seconds === undefined || seconds < minimum || seconds > maximum ? refuse() : seconds;
  });
}

/** An amount of memory in bytes, within bounds that the phrase should name. */
export function amount(phrase: string, minimum: number, maximum: number) {
  return textAs(phrase, (written) => {
    const bytes = parseBytes(written);
    return bytes === undefined || bytes < minimum || bytes > maximum ? refuse() : bytes;
  });
}

/** An IPv4 address that one host can have. */
export function hostAddress() {
  const phrase = 'an IPv4 address such as 10.11.11.1';
  return textAs<Ipv4>(phrase, (written) => {
    const address = parseIpv4(written);
    if (address === undefined) return refuse();
    const first = address >>> 24;
    if (first >= 1 && first < 224) return address;
    return refuse({ message: `${written} is not the address of a host` });
  });
}

/** A network in CIDR notation. Set host bits are refused with the network that was probably meant. */
export function subnet() {
  return textAs<Subnet>('a subnet such as 10.11.11.0/24', (written) => {
    const parsed = parseSubnet(written);
    if (parsed !== undefined) return parsed;
    const [addressText = '', prefixText = ''] = written.split('/');
    const address = parseIpv4(addressText);
    const prefix = Number(prefixText);
    if (address === undefined) return refuse();
    if (!written.includes('/')) return refuse({ hint: `add the prefix length, as in ${written}/24` });
    if (!/^\d{1,2}$/.test(prefixText) || prefix > 32) return refuse({ hint: 'the prefix length is 0 to 32' });
    const meant = formatSubnet({ network: (address & netmask(prefix)) >>> 0, prefix });
    const message = `${written} is an address within a subnet, not the subnet itself`;
    return refuse({ message, hint: `write ${meant}` });
  });
}

/** A MAC address in any usual writing. */
export function mac() {
  return textAs<Mac>('a MAC address such as 52:54:00:aa:00:01', (written) => parseMac(written) ?? refuse());
}
