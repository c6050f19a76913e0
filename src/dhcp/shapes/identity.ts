/** What tells machines apart: client identifier (61), interface (94), machine identifier (97), message type (53). */
import { ByteReader } from '../cursor.ts';
import { messageNameOf } from '../message.ts';
import { MESSAGE, type MessageName } from '../packet.ts';
import { decodeUuid } from '../uuid.ts';
import { formatHex, formatTextOrHex, opaque } from './bytes.ts';
import { uint8 } from './integer.ts';
import { isShapeError, type Shape, shapeError, unexpected } from './shape.ts';

const ETHERNET = 1;
const DUID = 255;

/** RFC 2132 §9.14: a type byte and at least one more. Type 255 is RFC 4361: four bytes of IAID, then a DUID. */
export const clientId = opaque({
  minLength: 2,
  format(value) {
    const reader = new ByteReader(value);
    const type = reader.u8();
    const rest = reader.rest();
    if (type === ETHERNET && rest.length === 6) return `ethernet ${formatHex(rest)}`;
    if (type === DUID && rest.length > 4) {
      return `iaid ${formatHex(rest.subarray(0, 4))} duid ${formatHex(rest.subarray(4))}`;
    }
    if (type === 0) return formatTextOrHex(rest);
    return formatHex(value);
  },
});

/** RFC 4578 §2.2: interface type, major, minor. Type 1 is UNDI. */
export const networkInterface = opaque({
  minLength: 3,
  format(value) {
    const reader = new ByteReader(value);
    const [type, major, minor] = [reader.u8(), reader.u8(), reader.u8()];
    return type === 1 && reader.finished ? `UNDI ${major}.${minor}` : formatHex(value);
  },
});

/** RFC 4578 §2.3. */
export const machineId = opaque({ format: (value) => decodeUuid(value) ?? formatHex(value) });

/** RFC 2132 §9.6. */
export const messageKind: Shape<MessageName> = {
  expects: `one of ${Object.keys(MESSAGE).join(', ')}`,
  decode(value) {
    const code = uint8.decode(value);
    if (isShapeError(code)) return code;
    return messageNameOf(code) ?? shapeError(`message type ${code} is not known`);
  },
  encode: (name) => Uint8Array.of(MESSAGE[name]),
  format: (name) => name,
  parse(input) {
    const known = Object.keys(MESSAGE).find((name) => name === input);
    return known === undefined ? unexpected(input, this.expects) : (known as MessageName);
  },
};
