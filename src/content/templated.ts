/** Script files of profiles (`boot.script: bootstrap.ipxe`) that hold templates: rendered for whoever fetches them. */
import type { PinnedBuffer } from '../net/udp.ts';
import { type Template, TemplateError, type TemplateScope } from '../profiles/model.ts';
import { createTemplateCompiler, isTemplate, isTemplated } from '../profiles/template.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { renderedContent } from './resolve.ts';
import type { Content, ContentFailure, ContentResolver, Requester } from './resolver.ts';

/** Bytes. A script is a page of text; what is larger is no script. */
const MAX_SCRIPT = 1024 * 1024;

export interface TemplatedOptions {
  /** The scope in which a file is this client's script; undefined: it is a file like any other. */
  readonly scopeOf: (path: string, requester: Requester) => TemplateScope | undefined;
  readonly pin: (bytes: Uint8Array) => PinnedBuffer;
}

/** Wraps a resolver. A script without `{{` or `{%` is served as it lies there. */
export function withTemplatedScripts(files: ContentResolver, options: TemplatedOptions): ContentResolver {
  const compiler = createTemplateCompiler();

  function compile(name: string, source: string): Template | ContentFailure {
    const template = compiler.compile(source, (line, column) => ({ file: name, line, column }));
    return isTemplate(template) ? template : { failure: 'broken', detail: formatDiagnostic(template) };
  }

  return {
    async resolve(path, requester) {
      const file = await files.resolve(path, requester);
      if ('failure' in file || file.size > MAX_SCRIPT) return file;
      const scope = options.scopeOf(file.name, requester);
      if (scope === undefined) return file;
      const source = await textOf(file);
      if (!isTemplated(source)) return file;
      const template = compile(file.name, source);
      if ('failure' in template) return template;
      try {
        return renderedContent({ name: file.name, text: template.render(scope) }, options.pin);
      } catch (error) {
        if (error instanceof TemplateError) return { failure: 'broken', detail: error.message };
        throw error;
      }
    },
  };
}

async function textOf(file: Content): Promise<string> {
  const opened = await file.open();
  try {
    return new TextDecoder().decode(await opened.read(0, MAX_SCRIPT));
  } finally {
    opened.close();
  }
}
