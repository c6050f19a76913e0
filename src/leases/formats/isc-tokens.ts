/** The words of dhcpd.leases, with their places. */
import type { Place } from './record.ts';

/** word: anything without space. text: what stood in quotes, escapes resolved, a character an octet. */
export interface Token {
  readonly kind: 'word' | 'text' | '{' | '}' | ';' | 'end';
  readonly text: string;
  readonly place: Place;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', b: '\b' };

/** `\001` in octal, `\x1f` in hex, `\n` and the like; any other escaped character is itself. */
const ESCAPE = /\\(?:([0-3]?[0-7]{1,2})|x([0-9a-f]{1,2})|([\s\S]))/gi;

function resolved(quoted: string): string {
  return quoted.replace(ESCAPE, (_, octal?: string, hex?: string, other = '') => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ESCAPES[other] ?? other;
  });
}

/** Space and comments, then one token. A quote that is not closed runs to the end. */
const TOKEN = /(?:\s|#[^\n]*)*(?:"((?:[^"\\]|\\[\s\S])*)("?)|([{};])|([^\s"{};#]+)|$)/y;

export function* tokensOf(text: string): Generator<Token, Token> {
  let line = 1;
  let lineStart = 0;
  let counted = 0;
  /** Positions only grow, so lines are counted once. */
  const placeOf = (at: number): Place => {
    for (let next = text.indexOf('\n', counted); next >= 0 && next < at; next = text.indexOf('\n', counted)) {
      line++;
      counted = next + 1;
      lineStart = counted;
    }
    return { line, column: at - lineStart + 1 };
  };

  // A copy, since the place where it goes on is part of it.
  const pattern = new RegExp(TOKEN);
  for (;;) {
    const begin = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) return { kind: 'end', text: '', place: placeOf(text.length) };
    const [all, quoted, closing, mark, word] = match;
    const skipped = /^(?:\s|#[^\n]*)*/.exec(all)?.[0].length ?? 0;
    const place = placeOf(begin + skipped);
    if (quoted !== undefined) {
      if (closing === '') return { kind: 'end', text: 'a quote that is not closed', place };
      yield { kind: 'text', text: resolved(quoted), place };
    } else if (mark !== undefined) yield { kind: mark as Token['kind'], text: mark, place };
    else if (word !== undefined) yield { kind: 'word', text: word, place };
    else return { kind: 'end', text: '', place };
  }
}
