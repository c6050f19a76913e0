/** Text → YAML documents whose values know where they stand. With tree.ts, the only code that imports `yaml`. */
import { LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import type { Diagnostic, Position } from './diagnostic.ts';
import { buildTree, type Tree } from './tree.ts';

/** The way from a document's root to a value: keys of mappings and indices of lists. */
export type Path = readonly PropertyKey[];

/** One document of a file. A path that leads nowhere stands for the innermost value on the way that exists. */
export interface YamlDocument {
  readonly file: string;
  /** Plain data: null, booleans, numbers, strings, arrays and objects. */
  readonly value: unknown;
  has(path: Path): boolean;
  /** Of the value. */
  at(path: Path): Position;
  /** Of the key that the value belongs to; of the value itself in a list and at the root. */
  keyAt(path: Path): Position;
  /** The scalar as written in the file; undefined for lists, mappings and nothing. */
  sourceOf(path: Path): string | undefined;
  /**
   * Where a line and column (1-based) of a scalar's text stand in the file. Exact in one-line scalars without escapes
   * and in `|` blocks; elsewhere the scalar's beginning.
   */
  within(path: Path, line: number, column: number): Position;
}

export interface ParsedYaml {
  /** Without empty documents (comments only), and without those that have syntax errors: the rest would be guesswork. */
  readonly documents: readonly YamlDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/** One slip often makes the parser complain many times over; at one place the first complaint is told alone. */
const MAX_SYNTAX_ERRORS = 5;

/** YAML 1.2 core schema: `52:54:00:00:00:01` and `yes` are text. Any text gives a result; nothing is thrown. */
export function parseYaml(text: string, file: string): ParsedYaml {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const syntaxError = (offset: number, message: string, hint?: string): Diagnostic => ({
    severity: 'error',
    code: 'YAML_SYNTAX',
    position: position(offset),
    message,
    hint,
  });

  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;
  let parsed: ReturnType<typeof parseAllDocuments>;
  try {
    parsed = parseAllDocuments(text, options);
  } catch (error) {
    // The parser recurses, so thousands of open brackets exhaust the stack.
    const reason = error instanceof RangeError ? TOO_DEEP : String(error);
    return { documents: [], diagnostics: [syntaxError(0, `the text cannot be read as YAML: ${reason}`)] };
  }

  const errors = parsed.flatMap((document) => document.errors);
  if (errors.length > 0) {
    const told = new Set<number>();
    const diagnostics = errors
      .filter(({ pos: [offset] }) => !told.has(offset) && told.add(offset))
      .slice(0, MAX_SYNTAX_ERRORS)
      .map((error) => syntaxError(error.pos[0], sentence(error), hintFor(error)));
    return { documents: [], diagnostics };
  }

  const diagnostics: Diagnostic[] = [];
  const documents: YamlDocument[] = [];
  for (const document of parsed) {
    for (const warning of document.warnings)
      diagnostics.push(syntaxError(warning.pos[0], sentence(warning), hintFor(warning)));
    const { tree, faults } = buildTree(document.contents, text);
    for (const { offset, code, message, first } of faults) {
      const at = position(offset);
      const suffix = first === undefined ? '' : `; the first is on line ${position(first).line}`;
      diagnostics.push({ severity: 'error', code, position: at, message: message + suffix });
    }
    const broken = faults.some(({ code }) => code === 'YAML_SYNTAX');
    if (tree.value !== null && !broken) documents.push(positioned(tree, file, position));
  }
  return { documents, diagnostics };
}

function positioned(root: Tree, file: string, position: (offset: number) => Position): YamlDocument {
  const walk = (path: Path) => {
    let tree = root;
    let keyOffset: number | undefined;
    let whole = true;
    for (const segment of path) {
      const child = typeof segment === 'symbol' ? undefined : tree.children.get(segment);
      if (child === undefined) {
        whole = false;
        break;
      }
      tree = child.tree;
      keyOffset = child.keyOffset;
    }
    return { tree, keyOffset, whole };
  };
  return {
    file,
    value: root.value,
    has: (path) => walk(path).whole,
    at: (path) => position(walk(path).tree.offset),
    keyAt: (path) => {
      const { tree, keyOffset } = walk(path);
      return position(keyOffset ?? tree.offset);
    },
    sourceOf: (path) => {
      const { tree, whole } = walk(path);
      return whole ? tree.source : undefined;
    },
    within: (path, line, column) => {
      const { tree } = walk(path);
      return { ...position(tree.offset), ...place(tree, position(tree.offset), line, column) };
    },
  };
}

/** Only the cases in which the text's lines are the file's lines. */
function place(tree: Tree, start: Position, line: number, column: number): { line: number; column: number } {
  const source = tree.source ?? '';
  if (tree.literal === true) {
    const [, ...body] = source.split('\n');
    const indent = body.find((text) => text.trim() !== '')?.search(/\S/) ?? 0;
    return { line: start.line + line, column: column + indent };
  }
  if (line > 1 || source.includes('\n')) return start;
  const quoted = source.startsWith('"') || source.startsWith("'");
  if (source.startsWith('"') && source.includes('\\')) return start;
  return { line: start.line, column: start.column + column - 1 + (quoted ? 1 : 0) };
}

const TOO_DEEP = 'it is nested too deeply';

/** The parser's own words as the inside of a sentence. */
function sentence(error: YAMLError): string {
  // What it caught of its own recursion.
  if (error.code === 'RESOURCE_EXHAUSTION') return TOO_DEEP;
  const [first = ''] = error.message.split('\n');
  return first.charAt(0).toLowerCase() + first.slice(1);
}

function hintFor(error: YAMLError): string | undefined {
  if (/\bend with\b/.test(error.message))
    return 'check that the bracket or quote before this place is closed';
  return SYNTAX_HINTS[error.code];
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces, YAML takes no tabs',
  BAD_INDENT: 'lines that belong together begin in the same column',
  MISSING_CHAR: 'check the quotes, brackets and colons just before this place',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line and is followed by a colon and a space',
  BLOCK_AS_IMPLICIT_KEY: 'a value that holds a colon and a space needs quotes around it',
  TAG_RESOLVE_FAILED:
    'tags mean nothing here: leave it out, or quote text that begins with an exclamation mark',
  UNEXPECTED_TOKEN: 'text that begins with a special character needs quotes around it',
};
