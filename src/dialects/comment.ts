/** Notes as comments, in lines that a terminal shows whole. */

const WIDTH = 100;

/** Sentences → comment lines, each sentence beginning a line of its own; `mark` is what a comment begins with. */
export function commented(mark: string, sentences: readonly string[]): string[] {
  return sentences.flatMap((sentence) => wrapped(sentence).map((line) => `${mark} ${line}`.trimEnd()));
}

function wrapped(sentence: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** `7, 8 or 9` */
export function alternatives(codes: readonly number[]): string {
  return codes.length < 2 ? codes.join('') : `${codes.slice(0, -1).join(', ')} or ${codes.at(-1)}`;
}
