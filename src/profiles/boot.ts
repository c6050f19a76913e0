/** `boot:` → what the machine boots in the end, and its first stages. */
import { type Arch, archOf } from '../boot/arch.ts';
import { isForFirmware, sizeInOption } from '../boot/menu.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { readText } from '../yaml/read.ts';
import type { Reporter } from '../yaml/report.ts';
import type { BootMethod, MenuItem, Profile, Template } from './model.ts';
import type { ServedFiles } from './roots.ts';
import type { WrittenBoot, WrittenMenu, WrittenWays } from './schema.ts';
import { isArch, unknownArch } from './shapes.ts';
import { isTemplate, isTemplated, type TemplateCompiler } from './template.ts';

const WAYS = ['kernel', 'script', 'file', 'local'] as const;
/** A profile may also give a menu of them. */
const METHODS = [...WAYS, 'menu'] as const;
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
  const first = onlyOne(METHODS, written, BOOT, context);
  if (first === 'menu' && written.menu !== undefined) return checkMenu(written.menu, context);
  return first === undefined ? undefined : checkWay(written, BOOT, context);
}

/** The one key of `methods` that is there; undefined, and told, when there is none or a second one. */
function onlyOne<Method extends (typeof METHODS)[number]>(
  methods: readonly Method[],
  written: Partial<Record<Method | 'initrd' | 'cmdline', unknown>>,
  at: Path,
  { document, reporter }: BootContext,
): Method | undefined {
  const choice = `exactly one of ${methods.slice(0, -1).join(', ')} and ${methods.at(-1)}`;
  const placed = methods
    .filter((method) => written[method] !== undefined)
    .map((method) => {
      const { line, column } = document.keyAt([...at, method]);
      return { method, line, column };
    });
  // In the order of the file, so that the later key is the one that is too many.
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const [first, second] = placed.map(({ method }) => method);
  if (first === undefined) {
    const what = at === BOOT ? 'boot' : 'the item';
    reporter.error('MISSING_KEY', document.keyAt(at), `${what} says nothing to boot`, `give ${choice}`);
    return undefined;
  }
  if (second !== undefined) {
    const line = document.keyAt([...at, first]).line;
    const message = `${second} is a second way to boot, beside ${first} on line ${line}`;
    reporter.error('BOOT_METHOD_CONFLICT', document.keyAt([...at, second]), message, `keep ${choice}`);
    return undefined;
  }
  for (const key of ['initrd', 'cmdline'] as const) {
    if (written[key] === undefined || first === 'kernel') continue;
    const message = `${key} belongs to kernel, and this ${at === BOOT ? 'profile' : 'item'} boots by ${first}`;
    reporter.error('BOOT_METHOD_CONFLICT', document.keyAt([...at, key]), message);
  }
  return first;
}

async function checkWay(
  written: WrittenWays,
  at: Path,
  context: BootContext,
): Promise<MenuItem['boot'] | undefined> {
  if (written.kernel !== undefined) return kernelMethod(written, written.kernel, at, context);
  if (written.script !== undefined) return scriptMethod(written.script, [...at, 'script'], context);
  if (written.file !== undefined) return fileMethod(written.file, [...at, 'file'], context);
  return { kind: 'local' };
}

const PROMPT = 'Press F8 for the boot menu';
/** What one DHCP option holds; ROMs do not put split ones together. */
const OPTION_SIZE = 255;

async function checkMenu(written: WrittenMenu, context: BootContext): Promise<BootMethod | undefined> {
  const items: MenuItem[] = [];
  for (const [index, item] of written.items.entries()) {
    const at = [...BOOT, 'menu', 'items', index];
    const way = onlyOne(WAYS, item, at, context);
    const boot = way === undefined ? undefined : await checkWay(item, at, context);
    if (boot !== undefined) items.push({ title: item.title, boot });
  }
  if (items.length < written.items.length) return undefined;
  const menu = { prompt: written.prompt ?? PROMPT, timeout: written.timeout, items };
  const size = isForFirmware(menu) ? sizeInOption(menu) : 0;
  if (size <= OPTION_SIZE) return { kind: 'menu', menu };
  const message = `the menu takes ${size} bytes of option 43, which holds ${OPTION_SIZE}`;
  const hint = 'shorten the titles and the prompt, or leave items out: each costs 10 bytes and its title';
  context.reporter.error('WRONG_TYPE', context.document.keyAt([...BOOT, 'menu', 'items']), message, hint);
  return undefined;
}

async function kernelMethod(
  written: WrittenWays,
  path: string,
  at: Path,
  context: BootContext,
): Promise<Extract<BootMethod, { kind: 'kernel' }> | undefined> {
  const { cmdline: line } = written;
  const kernel = await pathTemplate(path, [...at, 'kernel'], context);
  const initrd: (Template | undefined)[] = [];
  for (const [index, entry] of (written.initrd ?? []).entries()) {
    initrd.push(await pathTemplate(entry, [...at, 'initrd', index], context));
  }
  const cmdline = line === undefined ? undefined : compile(line, [...at, 'cmdline'], context);
  const parsed = initrd.filter((entry) => entry !== undefined);
  if (kernel === undefined || parsed.length < initrd.length) return undefined;
  if (line !== undefined && cmdline === undefined) return undefined;
  return { kind: 'kernel', kernel, initrd: parsed, cmdline };
}

async function scriptMethod(
  script: string,
  path: Path,
  context: BootContext,
): Promise<Extract<BootMethod, { kind: 'script' }> | undefined> {
  const { document, reporter, templates, served } = context;
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
