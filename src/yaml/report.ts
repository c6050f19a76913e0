/** Collects diagnostics while a file is checked, so that one run tells all that is wrong. */
import type { Diagnostic, DiagnosticCode, Position } from './diagnostic.ts';

export interface Reporter {
  /** In the order in which they were found. */
  readonly diagnostics: readonly Diagnostic[];
  error(code: DiagnosticCode, position: Position, message: string, hint?: string): void;
  warning(code: DiagnosticCode, position: Position, message: string, hint?: string): void;
  add(diagnostics: readonly Diagnostic[]): void;
}

export function createReporter(): Reporter {
  const diagnostics: Diagnostic[] = [];
  return {
    diagnostics,
    error: (code, position, message, hint) => {
      diagnostics.push({ severity: 'error', code, position, message, hint });
    },
    warning: (code, position, message, hint) => {
      diagnostics.push({ severity: 'warning', code, position, message, hint });
    },
    add: (found) => {
      for (const diagnostic of found) diagnostics.push(diagnostic);
    },
  };
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** By file, line and column, as somebody reads who goes through the files from the top. */
export function inFileOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    ({ position: a }, { position: b }) =>
      (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line || a.column - b.column,
  );
}
