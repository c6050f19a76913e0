/**
 * Text with `{{ }}` → `Template`. No code runs from a profile and no file is opened: the tags that load other files
 * are gone, only own properties are visible, and length, time and memory are bounded.
 */
import { Liquid, type Template as ParsedTemplate } from 'liquidjs';
import type { Diagnostic, Position } from '../yaml/diagnostic.ts';
import { nearest } from '../yaml/nearest.ts';
import { type Template, TemplateError, type TemplateScope } from './model.ts';

/** Characters of one template. */
const MAX_LENGTH = 1_000_000;
/**
 * In liquidjs's own count: about one for each character or list entry made. As ranges count, too, this also bounds
 * how often loops over them run.
 */
const MAX_RENDER_MEMORY = 2_000_000;
/** Milliseconds of one rendering. It is time on the wall, so it must outlast a stall of a busy machine. */
const MAX_RENDER_MS = 5000;

/** What a template may name first; the keys of `TemplateScope`. */
const ROOTS = [
  'machine',
  'client',
  'server',
  'vars',
  'profile',
] as const satisfies readonly (keyof TemplateScope)[];

/** Where a line and column (1-based) of the source stand in the author's file. */
export type Locate = (line: number, column: number) => Position;

export interface TemplateCompiler {
  compile(source: string, locate: Locate): Template | Diagnostic;
}

/** Whether text has anything to render. */
export function isTemplated(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}

export function isTemplate(result: Template | Diagnostic): result is Template {
  return 'render' in result;
}

export function createTemplateCompiler(): TemplateCompiler {
  const engine = createEngine();

  function compile(source: string, locate: Locate): Template | Diagnostic {
    const fault = (line: number, column: number, message: string, hint?: string): Diagnostic => ({
      severity: 'error',
      code: 'TEMPLATE_SYNTAX',
      position: locate(line, column),
      message: `the template does not parse: ${message}`,
      hint,
    });
    let parsed: ParsedTemplate[];
    try {
      parsed = engine.parse(source);
    } catch (error) {
      const [line, column] = placeOf(error);
      return fault(line, column, reasonOf(error));
    }
    const stray = strangers(engine, parsed)[0];
    if (stray !== undefined) {
      const likely = nearest(stray.name, ROOTS);
      const hint = likely === undefined ? `templates see ${ROOTS.join(', ')}` : `nearest known: ${likely}`;
      return fault(stray.line, stray.column, `there is nothing called ${stray.name}`, hint);
    }
    const position = locate(1, 1);
    return {
      source,
      position,
      render: (scope) => {
        try {
          return String(engine.renderSync(parsed, scope));
        } catch (error) {
          throw new TemplateError(renderMessage(error, locate));
        }
      },
    };
  }

  return { compile };
}

function createEngine(): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    // With strict variables this is what lets `{{ x | default: 1 }}` and `{% if x %}` ask whether there is an x.
    lenientIf: true,
    ownPropertyOnly: true,
    dynamicPartials: false,
    relativeReference: false,
    parseLimit: MAX_LENGTH,
    renderLimit: MAX_RENDER_MS,
    memoryLimit: MAX_RENDER_MEMORY,
  });
  for (const tag of ['include', 'render', 'layout', 'block']) delete engine.tags[tag];
  return engine;
}

/** Variables that no scope has and that the template does not assign itself. */
function strangers(
  engine: Liquid,
  parsed: ParsedTemplate[],
): { name: string; line: number; column: number }[] {
  const { globals } = engine.analyzeSync(parsed, { partials: false });
  const known: ReadonlySet<string> = new Set(ROOTS);
  return Object.entries(globals).flatMap(([name, uses]) => {
    const [use] = uses;
    if (known.has(name) || use === undefined) return [];
    return [{ name, line: use.location.row, column: use.location.col }];
  });
}

function renderMessage(error: unknown, locate: Locate): string {
  const { file, line, column } = locate(...placeOf(error));
  const place = `(template at ${file}:${line}:${column})`;
  const variable = variableOf(error);
  if (variable === undefined) return `the template does not render: ${reasonOf(error)} ${place}`;
  return `the template needs ${variable}, which is not there for this client ${place}`;
}

function variableOf(error: unknown): string | undefined {
  const original = isLiquidError(error) ? error.originalError : undefined;
  return original instanceof Error && 'variableName' in original ? String(original.variableName) : undefined;
}

/** Liquid's message without the place at its end, which counts within the template. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, line:\d+, col:\d+$/, '');
}

function placeOf(error: unknown): [line: number, column: number] {
  if (!isLiquidError(error)) return [1, 1];
  const [line = 1, column = 1] = error.token?.getPosition() ?? [];
  return [line, column];
}

/** What liquidjs attaches to its errors; declared here because its own types keep it private. */
interface ErrorDetail {
  readonly originalError?: unknown;
  readonly token?: { getPosition(): number[] };
}

function isLiquidError(error: unknown): error is Error & ErrorDetail {
  return error instanceof Error && 'token' in error;
}
