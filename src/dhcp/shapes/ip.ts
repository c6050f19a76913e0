/** IPv4 addresses: one, several, or in pairs (RFC 2132 §3.3, §3.5, §4.3, §5.8). */
import { formatIpv4, type Ipv4, parseIpv4 } from '../../values/ipv4.ts';
import { ByteReader, written } from '../cursor.ts';
import { all, isShapeError, listOf, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';

const EXPECTS_IP = 'an IPv4 address';

function parseAddress(input: unknown): Ipv4 | ShapeError {
  const address = typeof input === 'string' ? parseIpv4(input.trim()) : undefined;
  return address ?? unexpected(input, EXPECTS_IP);
}

export const ip: Shape<Ipv4> = {
  expects: EXPECTS_IP,
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const address = reader.u32();
    return reader.finished ? address : shapeError(`${bytes.length} bytes, 4 expected`);
  },
  encode: (address) => written(4, (writer) => writer.u32(address)),
  format: formatIpv4,
  parse: parseAddress,
};

/** The addresses in a whole number of fours; undefined when something is left over. */
function readAddresses(bytes: Uint8Array): Ipv4[] | ShapeError {
  const reader = new ByteReader(bytes);
  const addresses: Ipv4[] = [];
  while (reader.remaining > 0) addresses.push(reader.u32());
  return reader.overrun ? shapeError(`${bytes.length} bytes are no multiple of 4`) : addresses;
}

function addresses(least: 0 | 1): Shape<readonly Ipv4[]> {
  const expects = least === 0 ? 'IPv4 addresses, perhaps none' : 'one or more IPv4 addresses';
  return {
    expects,
    decode(bytes) {
      const found = readAddresses(bytes);
      return !isShapeError(found) && found.length < least ? shapeError('no address') : found;
    },
    encode: (list) =>
      written(list.length * 4, (writer) => {
        for (const address of list) writer.u32(address);
      }),
    format: (list) => list.map(formatIpv4).join(', '),
    parse(input) {
      const list = all(listOf(input), parseAddress);
      return !isShapeError(list) && list.length < least ? unexpected(input, expects) : list;
    },
  };
}

export const ips = addresses(1);
/** Mobile IP home agents (RFC 2132 §8.3) may be an empty list: "none here". */
export const ipsOrNone = addresses(0);

export type IpPair = readonly [Ipv4, Ipv4];

/** Pairs of address and mask (21) or destination and router (33). */
export const ipPairs: Shape<readonly IpPair[]> = {
  expects: 'pairs of IPv4 addresses, each "ADDRESS ADDRESS" or [ADDRESS, ADDRESS]',
  decode(bytes) {
    const list = readAddresses(bytes);
    if (isShapeError(list)) return list;
    if (list.length === 0 || list.length % 2 !== 0)
      return shapeError(`${list.length} addresses make no pairs`);
    const pairs: IpPair[] = [];
    for (const [index, second] of list.entries()) {
      if (index % 2 === 1) pairs.push([list[index - 1] ?? 0, second]);
    }
    return pairs;
  },
  encode: (pairs) => ips.encode(pairs.flat()),
  format: (pairs) => pairs.map((pair) => pair.map(formatIpv4).join(' ')).join(', '),
  parse(input) {
    const pairs = all(listOf(input), parsePair);
    return !isShapeError(pairs) && pairs.length === 0 ? unexpected(input, this.expects) : pairs;
  },
};

function parsePair(input: unknown): IpPair | ShapeError {
  const parts: readonly unknown[] =
    typeof input === 'string' ? input.trim().split(/\s+/) : Array.isArray(input) ? input : [];
  const pair = all(parts, parseAddress);
  if (isShapeError(pair)) return pair;
  const [first, second] = pair;
  if (pair.length !== 2 || first === undefined || second === undefined) {
    return unexpected(input, 'a pair of IPv4 addresses', 'write it as "10.1.0.0 10.0.0.254"');
  }
  return [first, second];
}
