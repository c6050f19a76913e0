/** Byte stream → text lines, as a terminal would end up showing them. */
import type { Readable } from 'node:stream';

/** Colours and cursor movements: \p{Cc} stands for ESC. */
const CONTROL_SEQUENCE = /\p{Cc}(?:\[[0-9;?=]*[A-Za-z]|[()][0-9AB])/gu;

/** A terminal's reset (SeaBIOS and the kernel begin with it) clears what stood before. */
const RESET = '\u001bc';

/** Backspaces and carriage returns take back what stood before them, as they do on a screen. */
function asShown(line: string): string {
  let shown = '';
  const text = line.replaceAll(RESET, '\r').replaceAll(CONTROL_SEQUENCE, '').replace(/\r+$/, '');
  for (const character of text) {
    if (character === '\b') shown = shown.slice(0, -1);
    else if (character === '\r') shown = '';
    else shown += character;
  }
  return shown.trimEnd();
}

/**
 * Calls back with each line once it is complete; the unfinished rest when the stream ends. `onUnfinished` sees that rest as
 * it grows: a dialog is drawn by moving the cursor, and ends no line.
 */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  onUnfinished: (rest: string) => void = () => {},
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(asShown(line));
    if (rest !== '') onUnfinished(asShown(rest));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(asShown(rest));
  });
}
