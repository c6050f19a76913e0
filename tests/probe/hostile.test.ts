// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its settings so.
/** Whatever comes over the wire, a probe ends with a report. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createClock } from '../../src/clock.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { CLIENT_KINDS } from '../../src/probe/client.ts';
import { fetchHttp } from '../../src/probe/fetch-http.ts';
import { BLOCKS, fetchTftp } from '../../src/probe/fetch-tftp.ts';
import type { Fetched } from '../../src/probe/fetched.ts';
import type { Place } from '../../src/probe/place.ts';
import { programOf } from '../../src/probe/program.ts';
import { referencesOf } from '../../src/probe/script.ts';
import { reportText } from '../../src/probe/text.ts';
import { macOctets } from '../../src/values/mac.ts';
import { anyPacket } from '../dhcp/packets.ts';
import { client, MAC, play, XID } from './rig.ts';

const kinds = fc.constantFrom(...CLIENT_KINDS);
const someBytes = fc.uint8Array({ maxLength: 700 });

/** An answer to us, but what it says is anybody's guess; some of it is cut or has a byte turned. */
const answer = fc
  .tuple(
    anyPacket,
    fc.dictionary(
      fc.constantFrom('1', '3', '6', '43', '51', '53', '54', '60', '66', '67', '175'),
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(
          ...['PXEClient', 'HTTPClient', 'http://10.77.0.1/a', 'tftp://x/%', 'a', '10.77.0.1'].map((text) =>
            Buffer.from(text),
          ),
        ),
      ),
    ),
    fc.option(fc.nat({ max: 400 })),
    fc.option(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 }))),
  )
  .map(([packet, options, cut, turned]) => {
    const all = new Map([
      ...packet.options,
      ...Object.entries(options).map(([code, bytes]) => [Number(code), bytes] as const),
    ]);
    const ours = {
      ...packet,
      op: 2,
      htype: 1,
      xid: XID,
      chaddr: macOctets(MAC),
      options: all,
    } as const;
    const bytes = Uint8Array.from(encodePacket(ours).bytes);
    if (turned !== null && turned[0] < bytes.length) bytes[turned[0]] = turned[1];
    return cut === null ? bytes : bytes.subarray(0, Math.max(0, bytes.length - cut));
  });

test('any bytes as answers', async () => {
  await fc.assert(
    fc.asyncProperty(kinds, fc.array(fc.oneof(someBytes, answer), { maxLength: 6 }), async (kind, raw) => {
      const { report } = await play(client(kind), { raw });
      JSON.parse(JSON.stringify(report));
      assert.ok(reportText(report).endsWith('\n'));
      // Nothing that anybody sends can steer the terminal.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is those that are looked for.
      assert.doesNotMatch(reportText(report), /[\x00-\x09\x0b-\x1f\x7f]/);
    }),
    { numRuns: 300 },
  );
});

test('any bytes as a file', () => {
  const beginnings = fc.constantFrom('', 'MZ', '#!ipxe\n', '\x7fELF', '<html', 'MZ\0\0PE\0\0');
  fc.assert(
    fc.property(beginnings, someBytes, fc.string(), (begins, bytes, name) => {
      const head = Buffer.concat([Buffer.from(begins, 'latin1'), bytes]);
      programOf(head, name);
      referencesOf(head.toString('latin1'), new Map([['mac', MAC]]));
    }),
    { numRuns: 2000 },
  );
});

test('any script is followed to an end', async () => {
  const words = fc.constantFrom(
    'chain',
    'kernel',
    'initrd',
    'set',
    'boot',
    'goto',
    ':a',
    '||',
    '&&',
    '--name',
    '-n',
    'http://10.77.0.1/a',
    'b.ipxe',
    '${mac}',
    '${net0/mac:hexhyp}',
    '${unknown}',
    '/../c',
    'tftp://h/%zz',
    'x:y',
    '\\',
    '#',
    'name',
    'http://[',
  );
  const script = fc
    .array(fc.array(words, { maxLength: 6 }), { maxLength: 12 })
    .map((lines) => `#!ipxe\n${lines.map((line) => line.join(' ')).join('\n')}`);
  await fc.assert(
    fc.asyncProperty(script, script, async (first, second) => {
      const { report } = await play(client('ipxe'), {
        offers: [{ address: '10.77.0.50', siaddr: '10.77.0.1', file: 'a.ipxe' }],
        files: {
          'tftp://10.77.0.1/a.ipxe': first,
          'tftp://10.77.0.1/b.ipxe': second,
          'http://10.77.0.1/a': second,
        },
      });
      reportText(report);
    }),
    { numRuns: 200 },
  );
});

const place = (protocol: Place['protocol'], port: number): Place => ({
  protocol,
  host: '127.0.0.1',
  port,
  path: protocol === 'tftp' ? 'file' : '/file',
  url: `${protocol}://127.0.0.1:${port}/file`,
});

/** A TFTP server that answers each datagram with the next of these. */
async function fetchFrom(answers: readonly Uint8Array[]): Promise<Fetched> {
  const server = createSocket('udp4');
  const clock = createClock();
  let next = 0;
  server.on('message', (_, { port, address }) => {
    const bytes = answers[next++ % answers.length];
    if (next < 50 && bytes !== undefined) server.send(bytes, port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address();
    return await fetchTftp(place('tftp', port), { clock, dns: [], blocks: BLOCKS.uefi, headerOnly: false });
  } finally {
    server.close();
    clock.close();
  }
}

test('a TFTP server that answers with anything', { timeout: 240_000 }, async () => {
  const datagram = fc
    .tuple(fc.nat({ max: 8 }), fc.uint8Array({ maxLength: 30 }))
    .map(([code, rest]) => Uint8Array.from([0, code, ...rest]));
  const text = (code: number, words: string): Uint8Array =>
    Buffer.concat([Buffer.from([0, code]), Buffer.from(words, 'latin1')]);
  const crafted = fc.constantFrom(
    text(6, 'tsize\x005\0nobody\0asked\0'),
    text(6, 'tsize'),
    text(6, 'blksize\x00999999\0'),
    text(6, '__proto__\x001\0constructor\x001\0'),
    text(6, 'windowsize\x004\0tsize\x0010\0'),
    text(5, '\0\x01nul is missing'),
    text(5, '\0\x08\0'),
    text(3, '\0'),
    text(3, '\0\0'),
    text(3, '\xff\xff'),
    new Uint8Array(),
    Uint8Array.of(0),
  );
  // All at once: most of them end in the patience of the client.
  const sequences = fc.sample(fc.array(fc.oneof(crafted, datagram), { minLength: 1, maxLength: 4 }), 40);
  const all = await Promise.all(sequences.map(fetchFrom));
  assert.equal(all.length, 40);
});

test('an HTTP server that answers with anything', { timeout: 240_000 }, async () => {
  const line = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 301 x\r\nlocation: http://[\r\n',
    'HTTP/1.1 999\r\n',
    'content-length: 99\r\n',
    'content-length: -1\r\n',
    'transfer-encoding: chunked\r\n',
    '\r\n',
    'zz\r\n',
    '5\r\nabcde\r\n',
    '0\r\n\r\n',
    '\0',
  );
  const sequences = fc.sample(fc.array(line, { maxLength: 8 }), 40);
  const clock = createClock();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(sequences.pop()?.join('') ?? ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const wanted = place('http', address.port);
  const fetches = sequences.map(() => fetchHttp(wanted, { clock, dns: [], headerOnly: false }));
  assert.equal((await Promise.all(fetches)).length, 40);
  server.close();
  clock.close();
});
