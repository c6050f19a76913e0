/** Where a boot file is: the name that an offer or script gives, resolved as its reader resolves it. Pure. */
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';

/** A place that a probe can look at. */
export interface Place {
  readonly protocol: 'tftp' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** tftp: the name as it goes over the wire. http: path and query. */
  readonly path: string;
  /** For people, and for what stands beside it. */
  readonly url: string;
}

export type Resolved = Place | { readonly fault: 'no-server' | 'bad-url' | 'scheme'; readonly url: string };

const PORTS = { tftp: 69, http: 80, https: 443 } as const;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** Whether a boot file is a URL, as opposed to a name on the TFTP server. */
export const isUrl = (name: string): boolean => SCHEME.test(name) && !/^[a-z]:\\/i.test(name);

/** The scheme, lower case; undefined for a plain name. */
export const schemeOf = (name: string): string | undefined =>
  isUrl(name) ? SCHEME.exec(name)?.[1]?.toLowerCase() : undefined;

/** A boot file of DHCP: a URL, or a name on the TFTP server, byte for byte as it stands. */
export function placeOfFile(file: string, server: Ipv4 | undefined): Resolved {
  if (isUrl(file)) return placeOfUrl(file);
  if (server === undefined) return { fault: 'no-server', url: file };
  const host = formatIpv4(server);
  return {
    protocol: 'tftp',
    host,
    port: PORTS.tftp,
    path: file,
    url: `tftp://${host}/${file.replace(/^\//, '')}`,
  };
}

/** A word of a script: relative to where the script came from (RFC 3986 §5), as iPXE resolves it. */
export function placeBeside(word: string, base: Place): Resolved {
  // A double slash or scheme is absolute; the URL parser knows relative references of these schemes alone.
  const absolute = isUrl(word) ? word : URL.parse(word, base.url.replace(/^tftp:/, 'http:'))?.href;
  if (absolute === undefined) return { fault: 'bad-url', url: word };
  if (isUrl(word) || base.protocol !== 'tftp') return placeOfUrl(absolute);
  return placeOfUrl(absolute.replace(/^http:/, 'tftp:'));
}

function placeOfUrl(url: string): Resolved {
  const parsed = URL.parse(url);
  const protocol = parsed?.protocol.slice(0, -1);
  if (parsed === null) return { fault: 'bad-url', url };
  if (protocol !== 'tftp' && protocol !== 'http' && protocol !== 'https') return { fault: 'scheme', url };
  if (parsed.hostname === '') return { fault: 'bad-url', url };
  const port = parsed.port === '' ? PORTS[protocol] : Number(parsed.port);
  const path = protocol === 'tftp' ? tftpName(parsed) : `${parsed.pathname}${parsed.search}`;
  return path === undefined
    ? { fault: 'bad-url', url }
    : { protocol, host: parsed.hostname, port, path, url };
}

/** iPXE asks for what stands behind the host's slash, percent signs decoded (RFC 3617 §3). */
function tftpName(parsed: URL): string | undefined {
  try {
    return decodeURIComponent(parsed.pathname.replace(/^\//, ''));
  } catch {
    return undefined;
  }
}
