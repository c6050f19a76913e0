/** The kinds of value that only profiles and machines have (yaml/shapes.ts has the rest). */
import * as z from 'zod';
import { ARCH_NAMES, type Arch, archOf } from '../boot/arch.ts';
import { parseMac } from '../values/mac.ts';
import type { Refusal } from '../yaml/check.ts';
import { nearest } from '../yaml/nearest.ts';
import { refuse, text, textAs } from '../yaml/shapes.ts';

const NAMES: ReadonlySet<string> = new Set(ARCH_NAMES);

export function isArch(name: string): name is Arch {
  return NAMES.has(name);
}

/** Why a word is no architecture, with the nearest name. */
export function unknownArch(word: string): { message: string } & Refusal {
  const likely = nearest(word, ARCH_NAMES);
  return {
    code: 'UNKNOWN_ARCH',
    message: `there is no architecture ${word}`,
    hint: likely === undefined ? 'names are such as bios, uefi-x64, uefi-arm64' : `nearest known: ${likely}`,
  };
}

/** A name, or a number of option 93: its name, or itself when the registry has none. */
export function architecture() {
  const written = z.union([z.string(), z.int()], {
    error: 'an architecture such as uefi-x64, or its number',
  });
  return written.transform((value, context): Arch | number => {
    if (typeof value === 'string' && isArch(value)) return value;
    if (typeof value === 'number' && value >= 0 && value <= 0xffff) return archOf(value) ?? value;
    const { message, ...params } = unknownArch(String(value));
    const hint = typeof value === 'number' ? 'numbers go from 0 to 65535' : params.hint;
    context.addIssue({ code: 'custom', message, params: { ...params, hint } satisfies Refusal });
    return z.NEVER;
  });
}

/** A MAC address in any usual writing, or a glob over the canonical one (lower case, colons). */
export function macPattern() {
  return textAs('a MAC address, or a pattern such as 52:54:00:*', (written) => {
    const exact = parseMac(written);
    if (exact !== undefined) return exact;
    const glob = written.toLowerCase().replaceAll('-', ':');
    return /^[0-9a-f:*?]+$/.test(glob) && /[*?]/.test(glob) ? glob : refuse();
  });
}

/** Lower case with hyphens; undefined for what is none. Braces and bare digits are taken too. */
function canonicalUuid(written: string): string | undefined {
  const digits = written
    .replace(/^\{(.*)\}$/, '$1')
    .replaceAll('-', '')
    .toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A UUID, made canonical. */
export function uuid() {
  return textAs(
    'a UUID such as 8c1c7f3a-2f3e-4a55-9d2b-0c5f1e6a7b8c',
    (written) => canonicalUuid(written) ?? refuse(),
  );
}

/** A UUID in any usual writing, or a glob over the canonical one. */
export function uuidPattern() {
  return textAs('a UUID, or a pattern such as 4c4c4544-*', (written) => {
    const exact = canonicalUuid(written);
    if (exact !== undefined) return exact;
    const glob = written.toLowerCase();
    return /^[0-9a-f*?-]+$/.test(glob) && /[*?]/.test(glob) ? glob : refuse();
  });
}

/** `*` and `?`; anything else stands for itself. */
export function glob(what: string) {
  return text(`${what}, or a pattern with * and ?`);
}

/** A path below the TFTP root, taken as it stands. */
export function plainPath(what: string) {
  return textAs(what, (written) => {
    if (written === '') return refuse();
    if (!written.includes('{{') && !written.includes('{%')) return written;
    const message = `no template is rendered here, and this is one: ${written}`;
    return refuse({
      code: 'UNSUPPORTED',
      message,
      hint: 'templates work in kernel, initrd, cmdline, script text and files',
    });
  });
}
