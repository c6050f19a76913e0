/** The client's full name (option 81, RFC 4702): flags, two result codes of the past, a name in one of two encodings. */
import { ByteReader, concatBytes } from '../cursor.ts';
import { bytesOf, textToNul } from '../wiretext.ts';
import { encodeLabels, parseName, readName } from './names.ts';
import { isShapeError, type Shape, shapeError } from './shape.ts';

export interface ClientFqdn {
  /** Bits, from the lowest: S, O, E, N (RFC 4702 §2.1). E says that the name is in DNS encoding. */
  readonly flags: number;
  readonly rcode1: number;
  readonly rcode2: number;
  /** Ends in a dot when it is fully qualified in DNS encoding; may be empty: "name me". */
  readonly name: string;
}

const FLAG_E = 4;
/** What RFC 4702 §2.2 has both sides send in the two unused codes. */
const RCODE = 255;
const LETTERS = [
  [1, 'S'],
  [2, 'O'],
  [4, 'E'],
  [8, 'N'],
] as const;

export const clientFqdn: Shape<ClientFqdn> = {
  expects: 'a host name, fully qualified with a final dot',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const [flags, rcode1, rcode2] = [reader.u8(), reader.u8(), reader.u8()];
    if (reader.overrun) return shapeError(`${bytes.length} bytes, at least 3 expected`);
    // Without E the name is plain text, deprecated but what Windows sent for years, sometimes with a NUL behind it.
    if ((flags & FLAG_E) === 0) return { flags, rcode1, rcode2, name: textToNul(reader.rest()) };
    const name = readName(reader, { compressed: false, partial: true });
    if (isShapeError(name)) return name;
    if (!reader.finished) return shapeError('bytes behind the name');
    return { flags, rcode1, rcode2, name: `${name.labels.join('.')}${name.complete ? '.' : ''}` };
  },
  encode: ({ flags, rcode1, rcode2, name }) =>
    concatBytes([
      Uint8Array.of(flags, rcode1, rcode2),
      (flags & FLAG_E) === 0 ? bytesOf(name) : encodeDns(name),
    ]),
  format({ flags, name }) {
    const letters = LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter);
    return `${name} (flags ${letters.length === 0 ? '-' : letters.join('')})`;
  },
  parse(input) {
    const labels = parseName(input);
    if (isShapeError(labels)) return labels;
    const name = `${labels.join('.')}${String(input).endsWith('.') ? '.' : ''}`;
    return { flags: FLAG_E, rcode1: RCODE, rcode2: RCODE, name };
  },
};

function encodeDns(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '');
  return encodeLabels(labels, name.endsWith('.'));
}
