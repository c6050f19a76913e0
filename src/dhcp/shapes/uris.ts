/** Texts each preceded by a 16-bit length (option 143, RFC 8572 §8.3). */
import { ByteReader, concatBytes, written } from '../cursor.ts';
import { bytesOf, textOf } from '../wiretext.ts';
import { all, isShapeError, listOf, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';
import { text } from './text.ts';

const LONGEST = 0xffff;

export const uris: Shape<readonly string[]> = {
  expects: 'one or more URIs',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const found: string[] = [];
    while (reader.remaining > 0) found.push(textOf(reader.take(reader.u16())));
    if (reader.overrun) return shapeError('a URI runs past the end');
    return found.length === 0 ? shapeError('no URI') : found;
  },
  encode: (values) =>
    concatBytes(
      values.map(bytesOf).map((value) =>
        written(value.length + 2, (writer) => {
          writer.u16(value.length);
          writer.bytes(value);
        }),
      ),
    ),
  format: (values) => values.join(', '),
  parse(input) {
    const values = all(listOf(input), parseUri);
    return !isShapeError(values) && values.length === 0 ? unexpected(input, this.expects) : values;
  },
};

function parseUri(input: unknown): string | ShapeError {
  const uri = text.parse(input);
  return !isShapeError(uri) && uri.length > LONGEST / 4 ? shapeError('the URI is too long') : uri;
}
