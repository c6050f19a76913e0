/** The transfers of one socket, by a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Carrier, createCarrier } from '../../src/lanes/carrier.ts';
import type { Cargo, Report } from '../../src/lanes/messages.ts';
import type { Datagram, Outgoing } from '../../src/net/udp.ts';
import type { Terms } from '../../src/tftp/negotiate.ts';
import { decodeTftp, encodeAck, encodeData, encodeError, encodeRequest } from '../../src/tftp/packets.ts';
import type { IpAddress } from '../../src/values/ip.ts';

const PEER = { client: 0x0a000002, port: 2070, local: 0x0a000001 };
const TERMS: Terms = { blockSize: 512, windowSize: 1, timeout: undefined, oack: [] };
const whole = (size: number): Cargo => ({ size, whole: { address: 4096, size } });
const RRQ = encodeRequest({ kind: 'rrq', file: 'x', mode: 'octet', options: [] });

interface Rig {
  readonly carrier: Carrier;
  readonly reports: Report[];
  /** What was sent since it was asked last: `data 1 at 0+512`, `error 5` … */
  sent(): string[];
  begin(transfer: number, cargo: Cargo, terms?: Terms): void;
  receive(bytes: Uint8Array, now?: number, more?: Partial<Datagram<IpAddress>>): void;
}

function rig({ requests = false } = {}): Rig {
  const out: Outgoing<IpAddress>[] = [];
  const reports: Report[] = [];
  const carrier = createCarrier({
    socket: 1,
    requests,
    send(batch) {
      out.push(...batch);
      return { sent: batch.length, failed: [] };
    },
    report: (report) => void reports.push(report),
  });
  return {
    carrier,
    reports,
    sent: () => out.splice(0).map(described),
    begin(transfer, cargo, terms = TERMS) {
      carrier.begin({ kind: 'begin', socket: 1, transfer, peer: PEER, terms, cargo }, 0);
      carrier.flush();
    },
    receive(bytes, now = 1, more = {}) {
      const datagram: Datagram<IpAddress> = {
        data: bytes,
        source: PEER.client,
        sourcePort: PEER.port,
        destination: PEER.local,
        localAddress: PEER.local,
        truncated: false,
        ...more,
      };
      carrier.receive([datagram], now);
    },
  };
}

function described({ head, body }: Outgoing<IpAddress>): string {
  const packet = decodeTftp(head);
  if (packet.kind === 'data') return `data ${packet.block} at ${body?.offset}+${body?.length}`;
  return packet.kind === 'error' ? `error ${packet.code}` : packet.kind;
}

const ofKind = <K extends Report['kind']>(reports: readonly Report[], kind: K) =>
  reports.filter((report): report is Extract<Report, { kind: K }> => report.kind === kind);

test('a transfer from its first block to its end', () => {
  const { begin, receive, sent, reports } = rig();
  begin(7, whole(700));
  assert.deepEqual(sent(), ['data 1 at 0+512']);
  receive(encodeAck(1));
  assert.deepEqual(sent(), ['data 2 at 512+188']);
  receive(encodeAck(2));
  assert.deepEqual(sent(), []);
  assert.deepEqual(reports, [
    { kind: 'started', transfer: 7 },
    { kind: 'ended', transfer: 7, result: 'done', detail: undefined, progress: { bytes: 700, resent: 0 } },
  ]);
});

test('a late duplicate of the last ACK is passed over for two seconds; then nothing is known of it', () => {
  const { carrier, begin, receive, sent } = rig();
  begin(7, whole(5));
  receive(encodeAck(1), 10);
  sent();
  receive(encodeAck(1), 1000);
  carrier.sweep(2009);
  assert.equal(carrier.sessions(), 1);
  assert.deepEqual(sent(), []);
  carrier.sweep(2010);
  assert.equal(carrier.sessions(), 0);
  receive(encodeAck(1), 2011);
  assert.deepEqual(sent(), ['error 5']);
});

test('progress is told once a second while it runs', () => {
  const { carrier, begin, receive, reports } = rig();
  begin(7, whole(512 * 100));
  for (let block = 1; block <= 4; block++) receive(encodeAck(block), block * 700);
  const told = () => ofKind(reports, 'progress').map(({ progress }) => progress.bytes);
  carrier.sweep(999);
  assert.deepEqual(told(), []);
  carrier.sweep(2800);
  carrier.sweep(3799);
  assert.deepEqual(told(), [2048]);
  carrier.sweep(3800);
  assert.deepEqual(told(), [2048, 2048]);
  receive(encodeError(0, 'enough'), 3900);
  carrier.sweep(5000);
  assert.equal(told().length, 2);
});

test('a large file: pieces are wanted once and ahead, and sent from where they lie', () => {
  const { carrier, begin, receive, sent, reports } = rig();
  const wanted = () => ofKind(reports, 'wanted').map(({ piece }) => piece);
  begin(7, { size: 512 * 5, pieceSize: 1024 });
  assert.deepEqual([wanted(), sent()], [[0, 1], []]);
  carrier.put(7, 0, { address: 8192, size: 1024 });
  carrier.flush();
  assert.deepEqual(sent(), ['data 1 at 0+512']);
  receive(encodeAck(1));
  receive(encodeAck(2));
  assert.deepEqual([wanted(), sent()], [[0, 1, 2], ['data 2 at 512+512']]);
  carrier.put(7, 1, { address: 16_384, size: 1024 });
  carrier.flush();
  assert.deepEqual(sent(), ['data 3 at 0+512']);
});

test('a large file of whole pieces ends in an empty block, which lies in none of them', () => {
  const { carrier, begin, receive, sent, reports } = rig();
  begin(7, { size: 1024, pieceSize: 1024 });
  carrier.put(7, 0, { address: 8192, size: 1024 });
  for (const block of [1, 2]) receive(encodeAck(block));
  assert.deepEqual(sent().at(-1), 'data 3 at 0+0');
  receive(encodeAck(3));
  assert.deepEqual(
    ofKind(reports, 'ended').map(({ result }) => result),
    ['done'],
  );
});

test('a window that waits for the disk goes on where it stopped', () => {
  const { carrier, begin, receive, sent } = rig();
  const windows: Terms = { ...TERMS, windowSize: 4, oack: [{ name: 'windowsize', value: '4' }] };
  begin(7, { size: 512 * 5, pieceSize: 1024 }, windows);
  assert.deepEqual(sent(), ['oack']);
  receive(encodeAck(0));
  carrier.put(7, 0, { address: 8192, size: 1024 });
  carrier.flush();
  assert.deepEqual(sent(), ['data 1 at 0+512', 'data 2 at 512+512']);
  carrier.put(7, 1, { address: 16_384, size: 1024 });
  carrier.flush();
  assert.deepEqual(sent(), ['data 3 at 0+512', 'data 4 at 512+512']);
});

test('a window that reaches into the next piece is sent again from its first block', () => {
  const { carrier, begin, receive, sent } = rig();
  const windows: Terms = { ...TERMS, windowSize: 2, oack: [{ name: 'windowsize', value: '2' }] };
  begin(7, { size: 512 * 8, pieceSize: 1024 }, windows);
  for (const piece of [0, 1, 2]) carrier.put(7, piece, { address: 8192, size: 1024 });
  receive(encodeAck(0));
  receive(encodeAck(1));
  sent();
  receive(encodeAck(2));
  receive(encodeAck(3), 2);
  assert.deepEqual(sent().slice(-2), ['data 4 at 512+512', 'data 5 at 0+512']);
  carrier.sweep(1100);
  assert.deepEqual(sent(), ['data 4 at 512+512', 'data 5 at 0+512']);
});

test('what is dropped ends without a word, and says how far it came', () => {
  const { carrier, begin, receive, sent, reports } = rig();
  begin(7, whole(5000));
  receive(encodeAck(1));
  sent();
  carrier.drop(7, 100);
  carrier.drop(7, 100);
  receive(encodeAck(2), 200);
  carrier.flush();
  assert.deepEqual(sent(), []);
  carrier.sweep(2100);
  assert.equal(carrier.sessions(), 0);
  const ended = ofKind(reports, 'ended');
  assert.deepEqual(
    ended.map(({ result, progress }) => [result, progress.bytes]),
    [['dropped', 512]],
  );
});

const misplaced: readonly (readonly [
  name: string,
  bytes: Uint8Array,
  more: Partial<Datagram>,
  code: string,
])[] = [
  ['a request', RRQ, {}, 'MISPLACED'],
  ['DATA', encodeData(1, new Uint8Array(3)), {}, 'MISPLACED'],
  ['three bytes', new Uint8Array(3), {}, 'TOO_SHORT'],
  ['more than a slot', encodeAck(1), { truncated: true }, 'TOO_LONG'],
  ['an ACK to everybody', encodeAck(1), { destination: 0xffff_ffff }, 'BROADCAST'],
];
for (const [name, bytes, more, code] of misplaced) {
  test(`reported and otherwise passed over: ${name}`, () => {
    const { receive, sent, reports } = rig();
    receive(bytes, 1, more);
    assert.deepEqual(sent(), []);
    assert.deepEqual(
      ofKind(reports, 'malformed').map((report) => report.code),
      [code],
    );
  });
}

test('with one port for everything, requests are passed on with bytes of their own', () => {
  const { receive, reports } = rig({ requests: true });
  const bytes = RRQ.slice();
  receive(bytes);
  bytes.fill(0);
  assert.deepEqual(reports, [{ kind: 'request', socket: 1, peer: PEER, bytes: RRQ }]);
});

test('what the kernel refuses to send is reported', () => {
  const reports: Report[] = [];
  const carrier = createCarrier({
    socket: 3,
    requests: false,
    send: () => ({ sent: 0, failed: [{ index: 0, code: 'EPERM' }] }),
    report: (report) => void reports.push(report),
  });
  carrier.answer(PEER, encodeError(1, 'gone'));
  carrier.flush();
  assert.deepEqual(reports, [{ kind: 'unsent', socket: 3, code: 'EPERM' }]);
});
