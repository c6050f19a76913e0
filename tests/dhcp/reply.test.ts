import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLAG_BROADCAST, type MessageName, type Packet } from '../../src/dhcp/packet.ts';
import { maxReplySize, type ReplyFields, replyTo } from '../../src/dhcp/reply.ts';
import { options, packet } from './packets.ts';

const SERVER = 0x0a000001;

const request = packet({
  hops: 2,
  secs: 7,
  flags: 1,
  ciaddr: 0x0a000032,
  giaddr: 0x0a140001,
  options: options({ 53: '03', 61: '01525400aa0001', 82: '0101aa', 97: '00', 12: '61' }),
});

function reply(type: MessageName | undefined, fields: Partial<ReplyFields> = {}) {
  return replyTo(request, {
    type,
    options: new Map(),
    serverId: SERVER,
    yiaddr: 5,
    siaddr: 6,
    file: 'f',
    sname: 's',
    ...fields,
  });
}

describe('the header of a reply', () => {
  test('is copied from the request', () => {
    const { op, htype, hops, xid, secs, flags, giaddr, chaddr } = reply('OFFER');
    assert.deepEqual(
      { op, htype, hops, xid, secs, flags, giaddr, chaddr },
      {
        op: 2,
        htype: 1,
        hops: 0,
        xid: request.xid,
        secs: 0,
        flags: 1,
        giaddr: request.giaddr,
        chaddr: request.chaddr,
      },
    );
  });

  const table: readonly [MessageName | undefined, number, number, number, string][] = [
    ['OFFER', 0, 5, 6, 'f'],
    ['ACK', request.ciaddr, 5, 6, 'f'],
    ['NAK', 0, 0, 0, ''],
    [undefined, request.ciaddr, 5, 6, 'f'],
  ];
  for (const [type, ciaddr, yiaddr, siaddr, file] of table) {
    test(`ciaddr, yiaddr, siaddr and file of ${type ?? 'BOOTP'} by table 3`, () => {
      const found = reply(type);
      assert.deepEqual(
        [found.ciaddr, found.yiaddr, found.siaddr, found.file],
        [ciaddr, yiaddr, siaddr, file],
      );
    });
  }

  test('the addresses are 0 where nothing is said', () => {
    const found = replyTo(request, { type: 'OFFER', options: new Map(), serverId: SERVER });
    assert.deepEqual([found.yiaddr, found.siaddr, found.sname, found.file], [0, 0, '', '']);
  });

  test('a NAK through a relay has the broadcast bit, another has not', () => {
    assert.equal(reply('NAK').flags, FLAG_BROADCAST | 1);
    const direct = { ...request, giaddr: 0 };
    assert.equal(replyTo(direct, { type: 'NAK', options: new Map(), serverId: SERVER }).flags, 1);
    assert.equal(reply('ACK').flags, 1);
  });

  test('the answer to a relayed INFORM without ciaddr has the broadcast bit, since it has no yiaddr', () => {
    const inform = packet({ giaddr: 0x0a140001, options: options({ 53: '08' }) });
    const flagsTo = (request: Packet) =>
      replyTo(request, { type: 'ACK', options: new Map(), serverId: SERVER }).flags;
    assert.equal(flagsTo(inform), FLAG_BROADCAST);
    assert.equal(flagsTo({ ...inform, ciaddr: 0x0a000032 }), 0);
    assert.equal(flagsTo({ ...inform, giaddr: 0 }), 0);
  });
});

describe('the options of a reply', () => {
  const given = options({ 51: '00000e10', 3: '0a000001', 56: '6e6f', 60: '50' }, [51, 3, 56, 60]);

  test('type, server, the given ones in order, then what is echoed', () => {
    assert.deepEqual(
      [...reply('ACK', { options: given }).options],
      [
        ...options(
          {
            53: '05',
            54: '0a000001',
            51: '00000e10',
            3: '0a000001',
            56: '6e6f',
            60: '50',
            61: '01525400aa0001',
            82: '0101aa',
          },
          [53, 54, 51, 3, 56, 60, 61, 82],
        ),
      ],
    );
  });

  test('what the reply sets itself cannot be given', () => {
    const found = reply('OFFER', {
      options: options({ 53: '06', 54: '01010101', 61: 'ff', 82: 'ff', 52: '01' }),
    }).options;
    assert.deepEqual(
      new Map(found),
      options({ 53: '02', 54: '0a000001', 61: '01525400aa0001', 82: '0101aa' }),
    );
  });

  test('nothing is echoed that was not sent', () => {
    assert.deepEqual(
      [...replyTo(packet(), { type: 'ACK', options: new Map(), serverId: SERVER }).options.keys()],
      [53, 54],
    );
  });

  test('option 118 goes back as it came, but for a NAK (RFC 3011)', () => {
    const asking = packet({ options: options({ 53: '01', 118: '0a140000' }) });
    const codes = (type: MessageName) =>
      [...replyTo(asking, { type, options: new Map(), serverId: SERVER }).options.keys()].join();
    assert.deepEqual([codes('OFFER'), codes('ACK'), codes('NAK')], ['53,54,118', '53,54,118', '53,54']);
  });

  test('a NAK has what table 3 allows', () => {
    assert.deepEqual([...reply('NAK', { options: given }).options.keys()], [53, 54, 56, 60, 61, 82]);
  });

  test('a BOOTP reply has nothing of DHCP', () => {
    assert.deepEqual([...reply(undefined, { options: given }).options.keys()], [3, 60, 61, 82]);
  });
});

describe('the parameter list', () => {
  const have = options({ 1: 'aa', 3: 'bb', 6: 'cc', 51: 'dd' }, [51, 1, 3, 6]);
  const always = new Set([51]);
  const asking = (list: string) => packet({ options: options({ 53: '01', 55: list }) });

  const sent = (request: Packet) =>
    [...replyTo(request, { type: 'ACK', options: have, always, serverId: SERVER }).options.keys()].slice(2);

  test('decides which options go, in its order, after those that always do', () => {
    assert.deepEqual(sent(asking('06 2a 01')), [51, 6, 1]);
  });
  test('cannot put the routers before the mask (RFC 2132 §3.3)', () => {
    assert.deepEqual(sent(asking('06 03 01')), [51, 6, 1, 3]);
    assert.deepEqual(sent(asking('03 06')), [51, 3, 6]);
  });
  test('may name one twice, and one that always goes', () => {
    assert.deepEqual(sent(asking('06 06 33')), [51, 6]);
  });
  test('may name what the reply sets itself', () => {
    assert.deepEqual(sent(asking('36 06 35')), [51, 6]);
  });
  test('absent or empty it asks for everything', () => {
    assert.deepEqual(sent(packet()), [...have.keys()]);
    assert.deepEqual(sent(asking('')), [...have.keys()]);
  });
  test('is not heeded where nothing is said of what always goes', () => {
    const all = replyTo(asking('06'), { type: 'ACK', options: have, serverId: SERVER }).options;
    assert.deepEqual([...all.keys()].slice(2), [...have.keys()]);
  });
});

test('how large a reply may be', () => {
  const saying = (hex: string) => packet({ options: options({ 53: '01', 57: hex }) });
  assert.equal(maxReplySize(packet(), 300), 548);
  assert.equal(maxReplySize(saying('05c0'), 300), 1444);
  assert.equal(maxReplySize(saying('0240'), 300), 548);
  assert.equal(maxReplySize(saying('0010'), 300), 548);
  // OVMF asks for 65280 in its REQUEST: the bytes of 255 the wrong way round.
  assert.equal(maxReplySize(saying('ff00'), 300), 1472);
  assert.equal(maxReplySize(saying('05'), 300), 548);
  assert.equal(maxReplySize(saying('05c000'), 300), 548);
});

test('a BOOTP client takes 300 bytes, or as many as it sends, or what option 57 says', () => {
  const bootp = packet({ options: options({ 12: '6f6c64' }) });
  assert.deepEqual(
    [0, 300, 400, 2000].map((asked) => maxReplySize(bootp, asked)),
    [300, 300, 400, 1472],
  );
  assert.equal(maxReplySize(packet({ options: options({ 57: '05c0' }) }), 300), 1444);
});

describe('options that are an answer only', () => {
  const have = options({ 51: 'aa', 58: 'bb', 59: 'cc', 81: 'dd', 108: 'ee', 116: 'ff' });
  const sent = (request: Record<number, string>) => {
    const reply = replyTo(packet({ options: options(request) }), {
      type: 'ACK',
      options: have,
      always: new Set([51]),
      serverId: SERVER,
    });
    return [...reply.options.keys()].slice(2);
  };
  const list = '33 3a 3b 51 6c 74';

  test('an INFORM is told no times of a lease, though it asks (RFC 2131 §4.3.5)', () => {
    assert.deepEqual(sent({ 53: '08', 55: '33 3a 3b' }), []);
    assert.deepEqual(sent({ 53: '03', 55: '33 3a 3b' }), [51, 58, 59]);
  });
  test('IPv6-only preferred goes to who asks for it, and to nobody else (RFC 8925 §3.3)', () => {
    assert.deepEqual(sent({ 53: '03' }), [51, 58, 59]);
    assert.deepEqual(sent({ 53: '03', 55: list }), [51, 58, 59, 108]);
  });
  test('a client FQDN and auto-configuration go to who sends them (RFC 4702 §4, RFC 2563 §2)', () => {
    assert.deepEqual(sent({ 53: '03', 55: list, 81: '000000', 116: '01' }), [51, 58, 59, 81, 108, 116]);
  });
});
