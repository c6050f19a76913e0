/** User class as an option value (77, RFC 3004); userclass.ts has the reading that tolerates iPXE's form. */
import { decodeUserClass, encodeUserClass } from '../userclass.ts';
import { bytesOf } from '../wiretext.ts';
import { all, isShapeError, listOf, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';
import { text } from './text.ts';

export const userClass: Shape<readonly string[]> = {
  expects: 'one or more class names',
  decode(bytes) {
    const classes = decodeUserClass(bytes);
    if (classes.length === 0) return shapeError('no class');
    // Bare text of more than 255 bytes could not be written back with its length.
    return classes.some(tooLong) ? shapeError('a class longer than 255 bytes') : classes;
  },
  encode: encodeUserClass,
  format: (classes) => classes.join(', '),
  parse(input) {
    const classes = all(listOf(input), parseClass);
    return !isShapeError(classes) && classes.length === 0 ? unexpected(input, this.expects) : classes;
  },
};

function parseClass(input: unknown): string | ShapeError {
  const name = text.parse(input);
  return !isShapeError(name) && tooLong(name)
    ? shapeError(`"${name.slice(0, 20)}…" is longer than 255 bytes`)
    : name;
}

function tooLong(name: string): boolean {
  return bytesOf(name).length > 255;
}
