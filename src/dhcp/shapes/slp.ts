/** Service location (options 78 and 79, RFC 2610): a "mandatory" byte, then addresses or a list of scopes. */
import type { Ipv4 } from '../../values/ipv4.ts';
import { ByteReader, concatBytes } from '../cursor.ts';
import { ipsOrNone } from './ip.ts';
import { isShapeError, type Shape, shapeError } from './shape.ts';
import { text } from './text.ts';

/** `mandatory`: the client is to use what stands here and not what it finds by multicast. */
export interface Mandatory<Value> {
  readonly mandatory: boolean;
  readonly value: Value;
}

/** In YAML the value alone means mandatory, `{ mandatory: false, value: … }` a suggestion. */
function withMandatory<Value>(inner: Shape<Value>): Shape<Mandatory<Value>> {
  return {
    expects: `${inner.expects}, or { mandatory, value }`,
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const mandatory = reader.u8();
      if (reader.overrun || mandatory > 1) return shapeError('the first byte is neither 0 nor 1');
      const value = inner.decode(reader.rest());
      return isShapeError(value) ? value : { mandatory: mandatory === 1, value };
    },
    encode: ({ mandatory, value }) => concatBytes([Uint8Array.of(mandatory ? 1 : 0), inner.encode(value)]),
    format: ({ mandatory, value }) => `${inner.format(value)}${mandatory ? ' (mandatory)' : ''}`,
    parse(input) {
      const spelled = typeof input === 'object' && input !== null && 'mandatory' in input && 'value' in input;
      const value = inner.parse(spelled ? input.value : input);
      if (isShapeError(value)) return value;
      return { mandatory: spelled ? input.mandatory === true : true, value };
    },
  };
}

export const slpAgents: Shape<Mandatory<readonly Ipv4[]>> = withMandatory(ipsOrNone);
export const slpScope: Shape<Mandatory<string>> = withMandatory(text);
