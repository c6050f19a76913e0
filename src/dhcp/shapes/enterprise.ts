/** Data by IANA enterprise number (options 124 and 125, RFC 3925). */
import { ByteReader, concatBytes, written } from '../cursor.ts';
import { bytes as bytesShape, formatTextOrHex } from './bytes.ts';
import { uint32 } from './integer.ts';
import { all, isShapeError, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';

export interface EnterpriseData {
  readonly enterprise: number;
  /** At most 255 bytes. */
  readonly data: Uint8Array;
}

export const enterpriseData: Shape<readonly EnterpriseData[]> = {
  expects: 'a mapping from enterprise number to bytes in hex',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const entries: EnterpriseData[] = [];
    while (reader.remaining > 0) {
      const enterprise = reader.u32();
      const data = reader.take(reader.u8());
      entries.push({ enterprise, data });
    }
    if (reader.overrun) return shapeError('an entry runs past the end');
    return entries.length === 0 ? shapeError('no entry') : entries;
  },
  encode: (entries) =>
    concatBytes(
      entries.map(({ enterprise, data }) =>
        written(5 + data.length, (writer) => {
          writer.u32(enterprise);
          writer.u8(data.length);
          writer.bytes(data);
        }),
      ),
    ),
  format: (entries) =>
    entries.map(({ enterprise, data }) => `${enterprise}: ${formatTextOrHex(data)}`).join(', '),
  parse(input) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return unexpected(input, this.expects);
    }
    const entries = all(Object.entries(input), parseEntry);
    return !isShapeError(entries) && entries.length === 0 ? unexpected(input, this.expects) : entries;
  },
};

function parseEntry([key, value]: [string, unknown]): EnterpriseData | ShapeError {
  const enterprise = /^\d+$/.test(key) ? uint32.parse(Number(key)) : unexpected(key, 'an enterprise number');
  if (isShapeError(enterprise)) return enterprise;
  const data = bytesShape.parse(value);
  if (isShapeError(data)) return data;
  return data.length > 255 ? shapeError(`enterprise ${key} has more than 255 bytes`) : { enterprise, data };
}
