import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePacket } from '../../src/dhcp/text.ts';
import { fromHex } from './hex.ts';
import { options, packet } from './packets.ts';

test('every header field that is set has a line', () => {
  const given = packet({
    op: 2,
    hops: 1,
    secs: 2,
    flags: 0x8001,
    ciaddr: 1,
    yiaddr: 2,
    siaddr: 3,
    giaddr: 4,
    sname: 's',
    file: 'f',
    options: options({ 53: '02' }),
  });
  assert.deepEqual(describePacket(given).split('\n'), [
    'OFFER (reply) xid 0x12345678 from 52:54:00:aa:00:01',
    '  hops    1',
    '  secs    2',
    '  flags   broadcast 0x0001',
    '  ciaddr  0.0.0.1',
    '  yiaddr  0.0.0.2',
    '  siaddr  0.0.0.3',
    '  giaddr  0.0.0.4',
    '  sname   s',
    '  file    f',
    '   53 dhcp-message-type              OFFER',
  ]);
});

test('links that are no Ethernet', () => {
  assert.match(describePacket(packet({ htype: 32, chaddr: fromHex('') })), /from htype 32 without address$/m);
  assert.match(describePacket(packet({ htype: 6, chaddr: fromHex('0102') })), /from htype 6 01:02$/m);
});

test('no line ends in a blank, and nothing from the wire reaches a terminal raw', () => {
  const given = packet({ file: 'a\x1b[2J\u202eb', options: options({ 12: '', 15: '0d0a41', 230: '' }) });
  const text = describePacket(given);
  assert.doesNotMatch(text, / $/m);
  assert.match(text, /file {4}a\\x1b\[2J\\u\{202e\}b$/m);
  assert.match(text, /^ {3}15 domain-name {20}\\x0d\\x0aA$/m);
});
