import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ALL_NODES_LINK,
  decodeRouterFrame,
  encodeNoRouter,
  encodeSolicitation,
  type FrameFault,
  isMalformed,
  type RouterMessage,
} from '../../src/ndp/frame.ts';
import { internetChecksum } from '../../src/values/checksum.ts';
import {
  formatIpv6,
  type Ipv6,
  ipv6FromBytes,
  isLinkLocal,
  parseIpv6,
  UNSPECIFIED_IPV6,
} from '../../src/values/ipv6.ts';
import { formatMac } from '../../src/values/mac.ts';

const hex = (bytes: Uint8Array): string => bytes.toHex();
const ip = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);

/** A frame in its parts, so that a row can change one of them. */
const ETHERNET = '333300000002' + '525400aa0001' + '86dd';
const SOURCE = 'fe80000000000000505400fffeaa0001';
const ROUTERS = 'ff020000000000000000000000000002';

/** In bits. */
const IPV6_AT = 8 * 14;

const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac);
const anyIp = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6FromBytes);
const anyLinkLocal = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((host) => ipv6FromBytes(Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...host])));

describe('router discovery', () => {
  /** Off the wire. */
  const GOLDEN: readonly (readonly [string, string, RouterMessage])[] = [
    [
      'the question of iPXE, in a BIOS ROM and as snponly.efi',
      '333300000002525400aa000186dd6000000000103afffe80000000000000505400fffeaa0001' +
        'ff0200000000000000000000000000028500d92f000000000101525400aa0001',
      { kind: 'solicitation', linkSource: '52:54:00:aa:00:01', source: ip('fe80::5054:ff:feaa:1') },
    ],
    [
      'the question of Linux',
      '3333000000021660b4c388d486dd6000000000103afffe800000000000001460b4fffec388d4' +
        'ff0200000000000000000000000000028500d73d0000000001011660b4c388d4',
      { kind: 'solicitation', linkSource: '16:60:b4:c3:88:d4', source: ip('fe80::1460:b4ff:fec3:88d4') },
    ],
    [
      'the advertisement of dnsmasq as a router, with a prefix',
      '333300000001525400cc000186dd6c047f2500403afffe80000000000000505400fffecc0001' +
        'ff0200000000000000000000000000018600449b400007080000000000000000030440c0ffffffffffffffff00000000' +
        'fd77000000000000000000000000000005010000000005dc0101525400cc0001',
      {
        kind: 'advertisement',
        linkSource: '52:54:00:cc:00:01',
        linkDestination: ALL_NODES_LINK,
        source: ip('fe80::5054:ff:fecc:1'),
        destination: ip('ff02::1'),
        lifetime: 1800,
        tells: true,
      },
    ],
    [
      'our hint, which ended the wait of iPXE',
      '525400aa00011660b4c388d486dd6000000000103afffe800000000000001460b4fffec388d4' +
        'fe80000000000000505400fffeaa00018600dbbb000000000000000000000000',
      {
        kind: 'advertisement',
        linkSource: '16:60:b4:c3:88:d4',
        linkDestination: '52:54:00:aa:00:01',
        source: ip('fe80::1460:b4ff:fec3:88d4'),
        destination: ip('fe80::5054:ff:feaa:1'),
        lifetime: 0,
        tells: false,
      },
    ],
  ];
  for (const [name, frame, message] of GOLDEN) {
    test(name, () => {
      assert.deepEqual(decodeRouterFrame(Uint8Array.fromHex(frame)), message);
      if (message.kind === 'solicitation') assert.equal(hex(encodeSolicitation(message)), frame);
      else if (!message.tells) assert.equal(hex(encodeNoRouter(message)), frame);
    });
  }

  test('any bytes are a message or say which check they fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const message = decodeRouterFrame(bytes);
        assert.ok(
          isMalformed(message) || message.kind === 'solicitation' || message.kind === 'advertisement',
        );
      }),
    );
  });

  test('so are true messages with one bit turned, or cut anywhere', () => {
    const frame = encodeSolicitation({ linkSource: '52:54:00:aa:00:01', source: ip('fe80::1') });
    for (let bit = IPV6_AT; bit < frame.length * 8; bit += 1) {
      const turned = frame.slice();
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      // Class and flow label: nobody checks them.
      const unchecked = bit >= IPV6_AT + 4 && bit < IPV6_AT + 32;
      assert.equal(isMalformed(decodeRouterFrame(turned)), !unchecked, `bit ${bit}`);
    }
    for (let length = 0; length < frame.length; length += 1) {
      assert.deepEqual(decodeRouterFrame(frame.subarray(0, length)), { malformed: 'TRUNCATED' });
    }
  });

  test('what is encoded decodes to itself, with padding behind it too', () => {
    fc.assert(
      fc.property(anyMac, anyLinkLocal, fc.nat({ max: 20 }), (linkSource, source, padding) => {
        const frame = encodeSolicitation({ linkSource, source });
        const message = decodeRouterFrame(Uint8Array.from([...frame, ...new Uint8Array(padding)]));
        assert.deepEqual(message, { kind: 'solicitation', linkSource, source });
      }),
    );
    fc.assert(
      fc.property(anyMac, anyMac, anyLinkLocal, anyIp, (linkSource, linkDestination, source, destination) => {
        const ends = { linkSource, linkDestination, source, destination };
        const expected = { kind: 'advertisement', ...ends, lifetime: 0, tells: false };
        assert.deepEqual(decodeRouterFrame(encodeNoRouter(ends)), expected);
      }),
    );
  });

  test('the message keeps nothing of the bytes it was read from', () => {
    const frame = encodeSolicitation({ linkSource: '52:54:00:aa:00:01', source: ip('fe80::1') });
    const message = decodeRouterFrame(frame);
    frame.fill(0);
    assert.ok(!isMalformed(message));
    assert.equal(formatIpv6(message.source), 'fe80::1');
  });

  const REFUSED: readonly (readonly [string, FrameFault, string])[] = [
    ['no bytes at all', 'TRUNCATED', ''],
    ['IPv4', 'NOT_ROUTER_DISCOVERY', `${ETHERNET.slice(0, -4)}0800${'45'.padEnd(120, '0')}`],
    [
      'another version',
      'NOT_ROUTER_DISCOVERY',
      `${ETHERNET}40000000${'00083aff'}${SOURCE}${ROUTERS}85007aff00000000`,
    ],
    ['UDP', 'NOT_ROUTER_DISCOVERY', `${ETHERNET}60000000000811ff${SOURCE}${ROUTERS}0000000000000000`],
    [
      'an echo request',
      'NOT_ROUTER_DISCOVERY',
      `${ETHERNET}6000000000083aff${SOURCE}${ROUTERS}8000000000000000`,
    ],
    ['hop limit 254', 'FROM_ELSEWHERE', icmp('8500000000000000', { hopLimit: 'fe' })],
    ['a wrong checksum', 'BAD_CHECKSUM', icmp('8500000000000000', { checksum: '1234' })],
    ['code 1', 'BAD_CODE', icmp('8501000000000000')],
    ['half a solicitation', 'TRUNCATED', icmp('85000000')],
    ['half an advertisement', 'TRUNCATED', icmp('8600000000000000')],
    ['an option without length', 'BAD_OPTION', icmp('85000000000000000100525400aa0001')],
    ['an option that is longer than the packet', 'BAD_OPTION', icmp('85000000000000000102525400aa0001')],
    ['half an option', 'BAD_OPTION', icmp('850000000000000001')],
    [
      'a link address from nobody',
      'BAD_SOURCE',
      icmp('85000000000000000101525400aa0001', { source: '00'.repeat(16) }),
    ],
    [
      'an advertisement from a global address',
      'BAD_SOURCE',
      icmp('86000000400007080000000000000000', { source: `20010db8${'00'.repeat(12)}` }),
    ],
  ];
  for (const [name, fault, frame] of REFUSED) {
    test(`refused: ${name}`, () => {
      assert.deepEqual(decodeRouterFrame(Uint8Array.fromHex(frame)), { malformed: fault });
    });
  }

  const TELLS: readonly (readonly [string, boolean, string])[] = [
    ['nothing', false, '86000000000000000000000000000000'],
    ['who sent it', false, '860000000000000000000000000000000101525400bb0001'],
    ['a hop limit and timers', false, '86000000400000000000753000000064'],
    ['a router', true, '86000000400007080000000000000000'],
    ['a DHCPv6 server', true, '86000000408000000000000000000000'],
    ['a prefix', true, `86000000400000000000000000000000${`030440c0${'00'.repeat(28)}`}`],
    ['a name server', true, `86000000400000000000000000000000${`1903${'00'.repeat(22)}`}`],
  ];
  for (const [what, tells, body] of TELLS) {
    test(`an advertisement of ${what} ${tells ? 'is a router’s' : 'tells nothing'}`, () => {
      const message = decodeRouterFrame(Uint8Array.fromHex(icmp(body)));
      assert.ok(!isMalformed(message) && message.kind === 'advertisement');
      assert.equal(message.tells, tells);
    });
  }

  test('a host without an address asks from :: and tells no link address', () => {
    const frame = encodeSolicitation({ linkSource: '52:54:00:aa:00:01', source: UNSPECIFIED_IPV6 });
    assert.equal(hex(frame.subarray(54)), '85007bb800000000');
    assert.deepEqual(decodeRouterFrame(frame), {
      kind: 'solicitation',
      linkSource: '52:54:00:aa:00:01',
      source: UNSPECIFIED_IPV6,
    });
  });
});

/** A frame around an ICMPv6 message in hex whose checksum is filled in. */
function icmp(body: string, change: { hopLimit?: string; checksum?: string; source?: string } = {}): string {
  const { hopLimit = 'ff', source = SOURCE } = change;
  const length = (body.length / 2).toString(16).padStart(4, '0');
  const pseudo = `${source}${ROUTERS}0000${length}0000003a`;
  const sum = internetChecksum(Uint8Array.fromHex(pseudo + body))
    .toString(16)
    .padStart(4, '0');
  const message = body.slice(0, 4) + (change.checksum ?? sum) + body.slice(8);
  return `${ETHERNET}60000000${length}3a${hopLimit}${source}${ROUTERS}${message}`;
}

test('the Internet checksum: the example of RFC 1071 §3, an odd byte, nothing', () => {
  assert.equal(internetChecksum(Uint8Array.fromHex('0001f203f4f5f6f7')), ~0xddf2 & 0xffff);
  assert.equal(
    internetChecksum(Uint8Array.fromHex('0001f203f4f5f6f780')),
    ~(0xddf2 + 0x8000 - 0xffff) & 0xffff,
  );
  assert.equal(internetChecksum(new Uint8Array()), 0xffff);
});

test('link-local addresses are fe80::/10', () => {
  const verdicts = ['fe80::1', 'febf::', 'fec0::', 'fe00::', 'ff02::2', '::', '2001:db8::1'].map((text) =>
    isLinkLocal(ip(text)),
  );
  assert.deepEqual(verdicts, [true, true, false, false, false, false, false]);
});
