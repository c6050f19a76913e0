/** Rows of text in columns, for a terminal. */

export function asColumns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell) => cell.length);
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}
