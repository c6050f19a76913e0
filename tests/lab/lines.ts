/** Byte stream → text lines, as a terminal would end up showing them. */
import type { Readable } from 'node:stream';

// biome would rather have no control characters in a pattern, so the escape is built.
const ESCAPE = String.fromCharCode(27);
const CONTROL_SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;?=]*[A-Za-z]|[()][0-9A-B]|c)`, 'g');

/** Without colours and cursor movements; of text overwritten after a carriage return only the last state. */
function asShown(line: string): string {
  const plain = line.replaceAll(CONTROL_SEQUENCE, '').replace(/\r+$/, '');
  return plain.slice(plain.lastIndexOf('\r') + 1).trimEnd();
}

/** Calls back with each line once it is complete; the unfinished rest when the stream ends. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(asShown(line));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(asShown(rest));
  });
}
