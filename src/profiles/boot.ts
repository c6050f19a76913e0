/** `boot:` → what the machine boots in the end, and its first stages. */
import { type Arch, archOf } from '../boot/arch.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { readText } from '../yaml/read.ts';
import type { Reporter } from '../yaml/report.ts';
import type { BootMethod, Profile, Template } from './model.ts';
import type { ServedFiles } from './roots.ts';
import type { WrittenBoot } from './schema.ts';
import { isArch, unknownArch } from './shapes.ts';
import { isTemplate, isTemplated, type TemplateCompiler } from './template.ts';

const METHODS = ['kernel', 'script', 'file', 'local'] as const;
const BOOT: Path = ['boot'];

export interface BootContext {
  readonly document: YamlDocument;
  readonly reporter: Reporter;
  readonly templates: TemplateCompiler;
  readonly served: ServedFiles;
  /** Paths that the profile itself renders. */
  readonly rendered: ReadonlySet<string>;
}

export interface CheckedBoot {
  /** Undefined when there is not exactly one, or it is wrong; then the reporter knows why. */
  readonly method: BootMethod | undefined;
  readonly firmware: Profile['firmware'];
  readonly onLoop: Profile['onLoop'];
}

export async function checkBoot(written: WrittenBoot | 'none', context: BootContext): Promise<CheckedBoot> {
  if (written === 'none') return { method: { kind: 'none' }, firmware: new Map(), onLoop: undefined };
  const firmware = await byArch(written.firmware ?? {}, [...BOOT, 'firmware'], context, isArch);
  const method = await checkMethod(written, context);
  const onLoop = written.onLoop === undefined ? undefined : await loopMethod(written.onLoop, context);
  return { method, firmware, onLoop };
}

async function checkMethod(written: WrittenBoot, context: BootContext): Promise<BootMethod | undefined> {
  const { document, reporter } = context;
  const placed = METHODS.filter((method) => written[method] !== undefined).map((method) => {
    const { line, column } = document.keyAt([...BOOT, method]);
    return { method, line, column };
  });
  // In the order of the file, so that the later key is the one that is too many.
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const [first, second] = placed.map(({ method }) => method);
  if (first === undefined) {
    const hint = 'give exactly one of kernel, script, file and local';
    reporter.error('MISSING_KEY', document.keyAt(BOOT), 'boot says nothing to boot', hint);
    return undefined;
  }
  if (second !== undefined) {
    const line = document.keyAt([...BOOT, first]).line;
    const message = `${second} is a second way to boot, beside ${first} on line ${line}`;
    const hint = 'keep exactly one of kernel, script, file and local';
    reporter.error('BOOT_METHOD_CONFLICT', document.keyAt([...BOOT, second]), message, hint);
    return undefined;
  }
  for (const key of ['initrd', 'cmdline'] as const) {
    if (written[key] === undefined || first === 'kernel') continue;
    const message = `${key} belongs to kernel, and this profile boots by ${first}`;
    reporter.error('BOOT_METHOD_CONFLICT', document.keyAt([...BOOT, key]), message);
  }
  if (written.kernel !== undefined) return kernelMethod(written, written.kernel, context);
  if (written.script !== undefined) return scriptMethod(written.script, context);
  if (written.file !== undefined) return fileMethod(written.file, [...BOOT, 'file'], context);
  return { kind: 'local' };
}

async function kernelMethod(
  written: WrittenBoot,
  path: string,
  context: BootContext,
): Promise<BootMethod | undefined> {
  const { cmdline: line } = written;
  const kernel = await pathTemplate(path, [...BOOT, 'kernel'], context);
  const initrd: (Template | undefined)[] = [];
  for (const [index, entry] of (written.initrd ?? []).entries()) {
    initrd.push(await pathTemplate(entry, [...BOOT, 'initrd', index], context));
  }
  const cmdline = line === undefined ? undefined : compile(line, [...BOOT, 'cmdline'], context);
  const parsed = initrd.filter((entry) => entry !== undefined);
  if (kernel === undefined || parsed.length < initrd.length) return undefined;
  if (line !== undefined && cmdline === undefined) return undefined;
  return { kind: 'kernel', kernel, initrd: parsed, cmdline };
}

async function scriptMethod(script: string, context: BootContext): Promise<BootMethod | undefined> {
  const { document, reporter, templates, served } = context;
  const path = [...BOOT, 'script'];
  if (script.startsWith('#!ipxe')) {
    const text = compile(script, path, context);
    return text === undefined ? undefined : { kind: 'script', text };
  }
  if (script.includes('\n') || isUrl(script) || isTemplated(script)) {
    const message = 'script: expected a file below the TFTP root, or text that begins with #!ipxe';
    const hint = 'begin the text with a line #!ipxe; in it, chain URL fetches another script';
    reporter.error('WRONG_TYPE', document.at(path), message, hint);
    return undefined;
  }
  await warnIfMissing(script, path, context);
  const file = await served.find(script);
  const read = file === undefined ? undefined : await readText(file);
  if (file !== undefined && read !== undefined && 'text' in read) {
    const result = templates.compile(read.text, (line, column) => ({ file, line, column }));
    // A warning, because the file is not part of the profiles and may be put right at any time without a reload.
    if (!isTemplate(result)) reporter.add([{ ...result, severity: 'warning' }]);
  }
  return { kind: 'script', file: script };
}

function loopMethod(
  onLoop: NonNullable<WrittenBoot['onLoop']>,
  context: BootContext,
): Promise<NonNullable<Profile['onLoop']>> | { readonly kind: 'local' } {
  return onLoop === 'local' ? { kind: 'local' } : fileMethod(onLoop, [...BOOT, 'onLoop'], context);
}

async function fileMethod(
  file: NonNullable<WrittenBoot['file']>,
  path: Path,
  context: BootContext,
): Promise<Extract<BootMethod, { kind: 'file' }>> {
  if (typeof file === 'string') {
    await warnIfMissing(file, path, context);
    return { kind: 'file', byArch: new Map([['default', file]]) };
  }
  const isKey = (key: string): key is Arch | 'default' => key === 'default' || isArch(key);
  return { kind: 'file', byArch: await byArch(file, path, context, isKey) };
}

/** A mapping of architectures (names, or numbers that have one) to paths. */
async function byArch<Key extends string>(
  written: Readonly<Record<string, string>>,
  path: Path,
  context: BootContext,
  isKey: (key: string) => key is Key,
): Promise<Map<Key, string>> {
  const { document, reporter } = context;
  const result = new Map<Key, string>();
  for (const [word, file] of Object.entries(written)) {
    const at = [...path, word];
    const key = /^\d{1,5}$/.test(word) ? (archOf(Number(word)) ?? word) : word;
    if (!isKey(key)) {
      const { message, hint } = unknownArch(word);
      reporter.error('UNKNOWN_ARCH', document.keyAt(at), message, hint);
    } else if (result.has(key)) {
      reporter.error(
        'DUPLICATE_KEY',
        document.keyAt(at),
        `${key} stands here already, by its name or another number`,
      );
    } else {
      result.set(key, file);
      await warnIfMissing(file, at, context);
    }
  }
  return result;
}

async function pathTemplate(path: string, at: Path, context: BootContext): Promise<Template | undefined> {
  const template = compile(path, at, context);
  if (template !== undefined && !isTemplated(path)) await warnIfMissing(path, at, context);
  return template;
}

function compile(
  source: string,
  path: Path,
  { document, reporter, templates }: BootContext,
): Template | undefined {
  const result = templates.compile(source, (line, column) => document.within(path, line, column));
  if (isTemplate(result)) return result;
  reporter.add([result]);
  return undefined;
}

async function warnIfMissing(file: string, at: Path, context: BootContext): Promise<void> {
  const { document, reporter, served, rendered } = context;
  const below = file.replace(/^\/+/, '');
  if (isUrl(file) || rendered.has(below) || (await served.find(file)) !== undefined) return;
  const hint = 'put it below tftp.root or a directory of tftp.search; until then clients do not find it';
  reporter.warning('FILE_MISSING', document.at(at), `${file} is not below the TFTP roots`, hint);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}
