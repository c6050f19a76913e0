/** A probe in memory: servers are functions, files are a table, and time passes when nobody has anything to do. */

import type { Clock } from '../../src/clock.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { messageType } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import { replyTo } from '../../src/dhcp/reply.ts';
import { bytesOf } from '../../src/dhcp/wiretext.ts';
import { type Client, type ClientKind, clientOf } from '../../src/probe/client.ts';
import type { Fetchers } from '../../src/probe/fetch.ts';
import { type Failure, type Fetched, nothingFetched } from '../../src/probe/fetched.ts';
import type { Place } from '../../src/probe/place.ts';
import { probe } from '../../src/probe/probe.ts';
import type { Report } from '../../src/probe/report.ts';
import { createSink } from '../../src/probe/sink.ts';
import { type Ipv4, parseIpv4 } from '../../src/values/ipv4.ts';
import { fromHex } from '../dhcp/hex.ts';
import { createHandClock } from '../serve/hand-clock.ts';

/** `10.77.0.1` → the address; throws for anything else. */
export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export const MAC = '02:00:00:00:00:01';
export const XID = 0x1234abcd;

export function client(kind: ClientKind, arch?: string): Client {
  const made = clientOf(kind, arch, { mac: MAC });
  if ('fault' in made) throw new Error(made.fault);
  return made;
}

/** What a server says; every field may be left out. */
export interface Words {
  readonly server?: string;
  readonly type?: MessageName;
  readonly address?: string;
  readonly mask?: string;
  readonly router?: string;
  readonly dns?: string;
  readonly siaddr?: string;
  /** The header's field. */
  readonly file?: string;
  /** Option 67. */
  readonly bootFile?: string;
  readonly serverName?: string;
  readonly vendorClass?: string;
  /** Option 43, in hex. */
  readonly vendorOptions?: string;
  /** Option 175, in hex. */
  readonly ipxe?: string;
}

/** The reply to a request, as bytes. */
export function reply(request: Packet, words: Words): Uint8Array {
  const options = new Map<number, Uint8Array>();
  const set = (code: number, text: string | undefined, bytes: (text: string) => Uint8Array): void => {
    if (text !== undefined) options.set(code, bytes(text));
  };
  const octets = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number));
  set(OPTION.SUBNET_MASK, words.address === undefined ? undefined : (words.mask ?? '255.255.255.0'), octets);
  set(OPTION.ROUTERS, words.router, octets);
  set(OPTION.DOMAIN_NAME_SERVERS, words.dns, octets);
  set(OPTION.BOOT_FILE, words.bootFile, bytesOf);
  set(OPTION.TFTP_SERVER_NAME, words.serverName, bytesOf);
  set(OPTION.VENDOR_CLASS, words.vendorClass, bytesOf);
  set(OPTION.VENDOR_OPTIONS, words.vendorOptions, fromHex);
  set(OPTION.IPXE, words.ipxe, fromHex);
  if (words.mask === '') options.delete(OPTION.SUBNET_MASK);
  const asked = messageType(request);
  return encodePacket(
    replyTo(request, {
      type: words.type ?? (asked === 'DISCOVER' ? 'OFFER' : 'ACK'),
      yiaddr: ip(words.address ?? '0.0.0.0'),
      siaddr: ip(words.siaddr ?? '0.0.0.0'),
      file: words.file ?? '',
      options,
      serverId: ip(words.server ?? '10.77.0.1'),
    }),
  ).bytes;
}

/** What the world is made of. */
export interface World {
  /** To the DISCOVER: from each source, after so many ms. */
  readonly offers?: readonly (Words & { readonly after?: number })[];
  /** By address: what port 4011 there answers. */
  readonly port4011?: Readonly<Record<string, Words>>;
  /** Datagrams that come as they are, from 10.77.0.66. */
  readonly raw?: readonly Uint8Array[];
  /** URL → content, or what becomes of it. What is not there is not found. */
  readonly files?: Readonly<Record<string, Uint8Array | string | Partial<Fetched>>>;
  /** What the boot file has to have. */
  readonly sha256?: string;
  /** The prober's NIC has this address; '' for none. Default 10.77.0.9. */
  readonly own?: string;
}

/** What was sent, and what came of it. */
export interface Played {
  readonly report: Report;
  /** `error NO_ANSWER`, in order. */
  readonly found: readonly string[];
  readonly sent: readonly { readonly to: string; readonly packet: Packet }[];
  readonly fetched: readonly string[];
}

const failed = (failure: Failure): Fetched => ({ ...nothingFetched, milliseconds: 1, failure });

function contentOf(place: Place, files: World['files'], headerOnly: boolean): Fetched {
  const content = files?.[place.url];
  if (content === undefined) return failed({ kind: 'refused', detail: 'File not found' });
  if (typeof content === 'object' && !(content instanceof Uint8Array)) {
    return { ...nothingFetched, milliseconds: 1, failure: undefined, ...content };
  }
  const bytes = typeof content === 'string' ? bytesOf(content) : content;
  const sink = createSink();
  sink.take(bytes);
  return {
    ...nothingFetched,
    announced: bytes.length,
    received: headerOnly ? undefined : sink.finish(),
    head: headerOnly ? new Uint8Array() : sink.head(),
    milliseconds: 1,
    failure: undefined,
  };
}

/** Time jumps to the next timer whenever everything else has had its turn. */
async function passTime<T>(clock: ReturnType<typeof createHandClock>, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!done) clock.advance(100);
  }
  return settled;
}

export async function play(who: Client, world: World): Promise<Played> {
  const hands = createHandClock(0);
  const clock: Clock = hands;
  const sent: { to: string; packet: Packet }[] = [];
  const fetched: string[] = [];
  const { offers = [], port4011 = {}, raw = [], files, sha256, own = '10.77.0.9' } = world;

  const fetcher = async (place: Place, { headerOnly }: { headerOnly: boolean }): Promise<Fetched> => {
    fetched.push(place.url);
    return contentOf(place, files, headerOnly);
  };
  const fetchers: Fetchers = { tftp: fetcher, http: fetcher };
  const work = probe({
    client: who,
    nic: {
      name: 'eth0',
      index: 2,
      mac: '02:00:00:00:00:99',
      addresses: own === '' ? [] : [{ address: ip(own), prefix: 24 }],
      up: true,
      loopback: false,
      addresses6: [],
      mtu: 1500,
    },
    ownAddresses: own === '' ? [] : [ip(own)],
    waitMs: 5000,
    sha256,
    fetchers,
    wire: {
      clock,
      xid: XID,
      open(onHeard) {
        const hear = (message: Uint8Array, to: string): Packet => {
          const packet = decodePacket(message);
          if (isMalformed(packet)) throw new Error(`the probe sent nonsense: ${packet.detail}`);
          sent.push({ to, packet });
          return packet;
        };
        return {
          discover(message) {
            const request = hear(message, 'everyone');
            for (const words of offers) {
              const bytes = reply(request, words);
              const source = ip(words.server ?? '10.77.0.1');
              clock.after('an offer', words.after ?? 10, () => onHeard(bytes, source));
            }
            for (const bytes of raw) clock.after('bytes', 10, () => onHeard(bytes, ip('10.77.0.66')));
            return undefined;
          },
          ask(message, server) {
            const to = Object.keys(port4011).find((address) => ip(address) === server);
            const request = hear(message, to ?? 'nobody');
            const words = to === undefined ? undefined : { server: to, ...port4011[to] };
            if (words !== undefined)
              clock.after('an answer', 10, () => onHeard(reply(request, words), server));
            return undefined;
          },
          close() {},
        };
      },
    },
  });
  const report = await passTime(hands, work);
  const found = report.findings.map(({ severity, code }) => `${severity} ${code}`);
  return { report, found, sent, fetched };
}
