/** Text that came from the network, made safe to keep and safe to show. */

const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Control characters and direction overrides as `\xNN` or `\uNNNN`: a file name that a client made up shall not clear
 * the operator's terminal or forge a second line of log.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/**
 * At most `limit` UTF-16 units, the cut marked by an ellipsis. A shortened text is a fresh copy: a plain slice would
 * keep the whole original alive behind it.
 */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${Buffer.from(text.slice(0, limit)).toString()}…`;
}
