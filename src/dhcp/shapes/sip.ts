/** SIP servers (option 120, RFC 3361): an encoding byte, then names or addresses. */
import { formatIpv4, type Ipv4 } from '../../values/ipv4.ts';
import { ByteReader, concatBytes } from '../cursor.ts';
import { domainNames } from './domains.ts';
import { ips } from './ip.ts';
import { isShapeError, type Shape, shapeError } from './shape.ts';

export type SipServers = { readonly names: readonly string[] } | { readonly addresses: readonly Ipv4[] };

const NAMES = 0;
const ADDRESSES = 1;

export const sipServers: Shape<SipServers> = {
  expects: 'IPv4 addresses, or domain names, not both',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const encoding = reader.u8();
    if (reader.overrun) return shapeError('no bytes');
    if (encoding === NAMES) {
      const names = domainNames.decode(reader.rest());
      return isShapeError(names) ? names : { names };
    }
    if (encoding !== ADDRESSES) return shapeError(`encoding ${encoding} is neither 0 nor 1`);
    const addresses = ips.decode(reader.rest());
    return isShapeError(addresses) ? addresses : { addresses };
  },
  encode: (servers) =>
    'names' in servers
      ? concatBytes([Uint8Array.of(NAMES), domainNames.encode(servers.names)])
      : concatBytes([Uint8Array.of(ADDRESSES), ips.encode(servers.addresses)]),
  format: (servers) =>
    'names' in servers ? servers.names.join(', ') : servers.addresses.map(formatIpv4).join(', '),
  parse(input) {
    const addresses = ips.parse(input);
    if (!isShapeError(addresses)) return { addresses };
    const names = domainNames.parse(input);
    return isShapeError(names) ? names : { names };
  },
};
