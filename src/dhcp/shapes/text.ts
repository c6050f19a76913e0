/** Text options. RFC 2132 §2: a NUL at the end should not be sent, and must be tolerated. */
import { bytesOf, textToNul } from '../wiretext.ts';
import { type Shape, shapeError, unexpected } from './shape.ts';

function textShape(encode: (text: string) => Uint8Array): Shape<string> {
  return {
    expects: 'text',
    decode: textToNul,
    encode,
    format: (text) => text,
    parse(input) {
      if (typeof input !== 'string') return unexpected(input, 'text', 'put the value in quotes');
      if (input === '') return shapeError('the text is empty', 'leave the option out instead');
      if (input.includes('\0')) return shapeError('the text contains a NUL character');
      return input.isWellFormed() ? input : shapeError('the text contains half a character');
    },
  };
}

/** The text alone. */
export const text = textShape(bytesOf);

/**
 * Text and a NUL: options 66 and 67. Old BIOS ROMs read on until they meet one and ask for `name\xff` without it
 * (netboot.xyz#1198, seen with Kea), and EDK2 writes a NUL over the byte behind a name that lacks it, which is the
 * next option's number. A name that fills its option to the brim does without: a second instance of the option for
 * the NUL alone would be worse, few ROMs join those.
 */
export const textNul = textShape((value) => {
  const bytes = bytesOf(value);
  return bytes.length > 0 && bytes.length % 255 === 0 ? bytes : bytesOf(`${value}\0`);
});

/** Text that belongs in no log. */
export const secret: Shape<string> = { ...text, format: () => '(hidden)' };
