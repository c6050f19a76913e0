/** One YAML document → one checked profile. */
import { realpath } from 'node:fs/promises';
import { dirname, join, normalize, resolve, sep } from 'node:path';
import type * as z from 'zod';
import { encodeOptions, writtenOptions } from '../config/options.ts';
import { checkValue } from '../yaml/check.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { readText, reasonOf } from '../yaml/read.ts';
import { createReporter, hasErrors, type Reporter } from '../yaml/report.ts';
import { checkBoot } from './boot.ts';
import type { Profile, Template } from './model.ts';
import type { ServedFiles } from './roots.ts';
import { profileSchema, type WrittenProfile } from './schema.ts';
import { isTemplate, type TemplateCompiler } from './template.ts';

export interface ProfileContext {
  /** The directory of profiles: templates lie in it or below. */
  readonly directory: string;
  readonly templates: TemplateCompiler;
  readonly served: ServedFiles;
}

export interface CheckedProfile {
  /** Undefined when there is an error. */
  readonly profile: Profile | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The texts of its templates, as parts of the state that a reload compares. */
  readonly sources: readonly string[];
}

/** Boot, options and files are looked into whenever they are right by themselves, so that one run tells all. */
export async function readProfile(document: YamlDocument, context: ProfileContext): Promise<CheckedProfile> {
  const checked = checkValue(profileSchema, document);
  const reporter = createReporter();
  reporter.add(checked.diagnostics);
  const written = checked.value;
  const { shape } = profileSchema;
  const part = <S extends z.ZodType>(schema: S, key: string): z.output<S> | undefined =>
    document.has([key]) ? checkValue(schema, document, [key]).value : undefined;

  const files = await renderedFiles(part(shape.files, 'files') ?? {}, document, context, reporter);
  const rendered = new Set(files.keys());
  const writtenBoot = part(shape.boot, 'boot');
  const boot = writtenBoot && (await checkBoot(writtenBoot, { ...context, document, reporter, rendered }));
  const encoded = encodeOptions(document, writtenOptions(part(shape.options, 'options'), ['options']));
  reporter.add(encoded.diagnostics);

  const { diagnostics } = reporter;
  const sources = [...files.values()].map(({ source }) => source);
  if (hasErrors(diagnostics) || written === undefined || boot?.method === undefined) {
    return { profile: undefined, diagnostics, sources };
  }
  const profile: Profile = {
    name: written.name,
    priority: written.priority ?? 0,
    match: written.match ?? {},
    boot: boot.method,
    firmware: boot.firmware,
    uefiProxy: written.boot === 'none' ? undefined : written.boot.uefiProxy,
    onLoop: boot.onLoop,
    options: encoded.options,
    vars: written.vars ?? {},
    files,
    tests: (written.tests ?? []).map((test, index) => ({ ...test, position: document.at(['tests', index]) })),
    position: document.at([]),
  };
  return { profile, diagnostics, sources };
}

async function renderedFiles(
  written: NonNullable<WrittenProfile['files']>,
  document: YamlDocument,
  context: ProfileContext,
  reporter: Reporter,
): Promise<Map<string, Template>> {
  const files = new Map<string, Template>();
  for (const [path, { template }] of Object.entries(written)) {
    const at = ['files', path];
    const name = normalize(path).replace(/^\/+/, '');
    if (name === '' || name === '.' || name.endsWith('/') || name.split('/').includes('..')) {
      reporter.error(
        'WRONG_TYPE',
        document.keyAt(at),
        `expected the path of a file below the TFTP root, found "${path}"`,
      );
    } else if (files.has(name)) {
      reporter.error('DUPLICATE_KEY', document.keyAt(at), `${path} is ${name}, which stands here already`);
    } else {
      const parsed = await templateFile(template, [...at, 'template'], document, context, reporter);
      if (parsed !== undefined) files.set(name, parsed);
    }
  }
  return files;
}

async function templateFile(
  template: string,
  at: Path,
  document: YamlDocument,
  { directory, templates }: ProfileContext,
  reporter: Reporter,
): Promise<Template | undefined> {
  const file = join(dirname(document.file), template);
  try {
    // Both resolved, so that a symbolic link cannot lead out and a linked directory of profiles still works.
    const [real, root] = await Promise.all([realpath(file), realpath(directory)]);
    if (!real.startsWith(root + sep) || !resolve(file).startsWith(resolve(directory) + sep)) {
      const hint = 'a template lies in the directory of profiles or below it';
      reporter.error(
        'UNREADABLE',
        document.at(at),
        `the template ${template} lies outside the profiles`,
        hint,
      );
      return undefined;
    }
  } catch (error) {
    const hint = 'its path is relative to the profile';
    const message = `the template ${template} cannot be read: ${reasonOf(error)}`;
    reporter.error('UNREADABLE', document.at(at), message, hint);
    return undefined;
  }
  const read = await readText(file);
  if (!('text' in read)) {
    reporter.error(
      'UNREADABLE',
      document.at(at),
      `the template ${template} cannot be read: ${read.unreadable}`,
    );
    return undefined;
  }
  const result = templates.compile(read.text, (line, column) => ({ file, line, column }));
  if (isTemplate(result)) return result;
  reporter.add([result]);
  return undefined;
}
