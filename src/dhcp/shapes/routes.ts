/** Classless static routes (option 121, RFC 3442; Microsoft's 249 has the same form). */
import {
  formatIpv4,
  formatSubnet,
  type Ipv4,
  netmask,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from '../../values/ipv4.ts';
import { ByteReader, written } from '../cursor.ts';
import { all, isShapeError, listOf, type Shape, type ShapeError, shapeError, unexpected } from './shape.ts';

export interface Route {
  readonly destination: Subnet;
  /** 0.0.0.0: the destination is on the link itself. */
  readonly router: Ipv4;
}

const HINT = 'write each as "10.8.0.0/16 via 10.0.0.254", and 0.0.0.0/0 for the default route';

/** Octets of the destination that stand on the wire: only those that the prefix reaches into. */
function significantOctets(prefix: number): number {
  return Math.ceil(prefix / 8);
}

export const classlessRoutes: Shape<readonly Route[]> = {
  expects: 'routes such as "10.8.0.0/16 via 10.0.0.254"',
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const routes: Route[] = [];
    while (reader.remaining > 0) {
      const prefix = reader.u8();
      if (prefix > 32) return shapeError(`a prefix of ${prefix} bits`);
      let network = 0;
      for (let octet = 0; octet < significantOctets(prefix); octet++) {
        network += reader.u8() * 2 ** (24 - 8 * octet);
      }
      const router = reader.u32();
      // Host bits set in the last octet are meaningless; RFC 3442 has clients mask them too.
      routes.push({ destination: { network: (network & netmask(prefix)) >>> 0, prefix }, router });
    }
    if (reader.overrun) return shapeError('a route runs past the end');
    return routes.length === 0 ? shapeError('no route') : routes;
  },
  encode(routes) {
    const size = routes.reduce((sum, route) => sum + 5 + significantOctets(route.destination.prefix), 0);
    return written(size, (writer) => {
      for (const { destination, router } of routes) {
        writer.u8(destination.prefix);
        for (let octet = 0; octet < significantOctets(destination.prefix); octet++) {
          writer.u8((destination.network >>> (24 - 8 * octet)) & 0xff);
        }
        writer.u32(router);
      }
    });
  },
  format: (routes) =>
    routes.map((route) => `${formatSubnet(route.destination)} via ${formatIpv4(route.router)}`).join(', '),
  parse(input) {
    const routes = all(listOf(input), parseRoute);
    return !isShapeError(routes) && routes.length === 0 ? unexpected(input, this.expects, HINT) : routes;
  },
};

function parseRoute(input: unknown): Route | ShapeError {
  const match = typeof input === 'string' ? /^(\S+)\s+via\s+(\S+)$/.exec(input.trim()) : null;
  const destination = parseSubnet(match?.[1] ?? '');
  const router = parseIpv4(match?.[2] ?? '');
  if (destination === undefined || router === undefined) return unexpected(input, 'a route', HINT);
  return { destination, router };
}
