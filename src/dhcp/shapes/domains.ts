/** Lists of domain names: the search list (RFC 3397, compressed) and lists of servers' names (uncompressed). */
import { ByteReader, concatBytes } from '../cursor.ts';
import { encodeCompressed, encodeLabels, parseName, readName } from './names.ts';
import { all, isShapeError, listOf, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';

const EXPECTS = 'one or more domain names';

function readNames(bytes: Uint8Array, compressed: boolean): readonly string[] | ShapeError {
  const reader = new ByteReader(bytes);
  const names: string[] = [];
  while (reader.remaining > 0) {
    const name = readName(reader, { compressed });
    if (isShapeError(name)) return name;
    if (name.labels.length === 0) return shapeError('an empty name');
    names.push(name.labels.join('.'));
  }
  return names.length === 0 ? shapeError('no name') : names;
}

function parseNames(input: unknown): readonly string[] | ShapeError {
  const names = all(listOf(input), (item) => {
    const labels = parseName(item);
    return isShapeError(labels) ? labels : labels.join('.');
  });
  return !isShapeError(names) && names.length === 0 ? unexpected(input, EXPECTS) : names;
}

const split = (names: readonly string[]) => names.map((name) => name.split('.'));

export const domainSearch: Shape<readonly string[]> = {
  expects: EXPECTS,
  decode: (bytes) => readNames(bytes, true),
  encode: (names) => encodeCompressed(split(names)),
  format: (names) => names.join(', '),
  parse: parseNames,
};

export const domainNames: Shape<readonly string[]> = {
  expects: EXPECTS,
  decode: (bytes) => readNames(bytes, false),
  encode: (names) => concatBytes(split(names).map((labels) => encodeLabels(labels, true))),
  format: (names) => names.join(', '),
  parse: parseNames,
};

/** Exactly one uncompressed name (RFC 5223, RFC 5986, RFC 8973). */
export const domainName: Shape<string> = {
  expects: 'a domain name',
  decode(bytes) {
    const names = readNames(bytes, false);
    if (isShapeError(names)) return names;
    const [name, ...more] = names;
    return name === undefined || more.length > 0 ? shapeError(`${names.length} names, 1 expected`) : name;
  },
  encode: (name) => encodeLabels(name.split('.'), true),
  format: (name) => name,
  parse(input) {
    const labels = parseName(input);
    return isShapeError(labels) ? labels : labels.join('.');
  },
};
