import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network, Outgoing } from '../../src/net/udp.ts';
import { BROADCAST, parseIpv4 } from '../../src/values/ipv4.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { inside, nicOf, type Station, station, text, until } from './inside.ts';

const address = (dotted: string): number => parseIpv4(dotted) ?? assert.fail(dotted);
const CLIENT = address('10.77.0.2');
const SECOND = address('10.77.0.3');
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('sending', () => {
  let lab: Lab;
  let network: Network;
  let server: Namespace;
  let client: Namespace;
  let from: Station;
  let to: Station;

  before(() => {
    lab = openLab();
    network = createLinuxNetwork();
    server = lab.namespace('s');
    client = lab.namespace('c');
    lab.veth({ in: server, nic: 'rack0' }, { in: client, nic: 'eth0' });
    lab.address(server, 'rack0', '10.77.0.1/24');
    lab.address(server, 'rack0', '10.77.0.3/24');
    lab.address(client, 'eth0', '10.77.0.2/24');
  });
  beforeEach(() => {
    from?.socket.close();
    to?.socket.close();
    from = station(network, server, 'rack0');
    to = station(network, client, 'eth0', { slotSize: 65_535 });
  });
  after(async () => {
    await network?.close();
    await lab?.close();
  });

  const outgoing = (rest: Partial<Outgoing> = {}): Outgoing => ({
    to: CLIENT,
    port: to.socket.port,
    head: text('head'),
    ...rest,
  });

  test('head and pinned body arrive as one datagram, byte for byte', async () => {
    const file = network.pin(randomBytes(1 << 20));
    const slices = [
      { offset: 0, length: 1428 },
      { offset: 1_000_003, length: 512 },
      { offset: (1 << 20) - 1, length: 1 },
      { offset: 1 << 20, length: 0 },
      { offset: 17, length: 60_000 },
    ];
    from.socket.send(slices.map((slice) => outgoing({ body: { memory: file, ...slice } })));
    await until(() => to.received.length === slices.length, 'all arrive');
    for (const [index, { offset, length }] of slices.entries()) {
      const expected = Buffer.concat([text('head'), file.bytes.subarray(offset, offset + length)]);
      assert.equal(digest(to.received[index]?.bytes ?? assert.fail()), digest(expected), `slice ${index}`);
    }
  });

  describe('datagrams to one client, which the kernel cuts from one message', () => {
    const lengths: Record<string, readonly number[]> = {
      'a window and a half, the last one short': [...Array<number>(96).fill(1428), 17],
      'shorter ones between': [1428, 1428, 100, 1428, 1428, 100, 100, 99],
      'longer ones after': [10, 10, 11, 12, 12],
      'empty ones among them': [50, 0, 50, 50, 0, 0, 50],
      'too large for a frame': [3000, 3000, 2000, 1428, 1428],
      'more than one packet can hold together': Array<number>(60).fill(1472),
    };
    for (const [name, sizes] of Object.entries(lengths)) {
      test(`${name}: each arrives as it was sent, in order`, async () => {
        const file = network.pin(randomBytes(1 << 17));
        const datagrams = sizes.map((length, index) =>
          outgoing({
            head: file.bytes.subarray(index, index + Math.min(4, length)),
            body: { memory: file, offset: index * 3, length: Math.max(0, length - 4) },
          }),
        );
        assert.deepEqual(from.socket.send(datagrams), { sent: sizes.length, failed: [] });
        await until(() => to.received.length === sizes.length, 'all arrive');
        const bytesOf = ({ head, body }: Outgoing) =>
          Buffer.concat([
            head,
            body === undefined ? head : file.bytes.subarray(body.offset, body.offset + body.length),
          ]);
        assert.deepEqual(
          to.received.map(({ bytes }) => digest(bytes)),
          datagrams.map((each) => digest(bytesOf(each))),
        );
      });
    }

    test('two clients and two of our addresses in turn get their own', async () => {
      const other = station(network, client, 'eth0');
      const datagrams = Array.from({ length: 40 }, (_, index) =>
        outgoing({
          head: text(`no ${String(index).padStart(2, '0')}`),
          port: (index & 2) === 0 ? to.socket.port : other.socket.port,
          from: (index & 4) === 0 ? SECOND : undefined,
        }),
      );
      from.socket.send(datagrams);
      await until(() => to.received.length + other.received.length === 40, 'all arrive');
      const got = (station: Station) => station.received.map((each) => `${each.text} ${each.source}`);
      const sent = (port: number) =>
        datagrams
          .filter((each) => each.port === port)
          .map((each) => `${Buffer.from(each.head)} ${each.from ?? address('10.77.0.1')}`);
      assert.deepEqual([got(to), got(other)], [sent(to.socket.port), sent(other.socket.port)]);
      other.socket.close();
    });

    test('by a NIC that computes no checksums they leave all the same (Linux before 6.11 refuses to cut them there)', () => {
      server.runSync('ip', 'tuntap', 'add', 'dev', 'plain0', 'mode', 'tap');
      lab.address(server, 'plain0', '10.79.0.1/24');
      server.runSync('ip', 'link', 'set', 'plain0', 'up');
      const plain = station(network, server, 'plain0');
      const datagrams = Array.from({ length: 5 }, () => outgoing({ to: address('10.79.0.2') }));
      assert.deepEqual(plain.socket.send(datagrams), { sent: 5, failed: [] });
      plain.socket.close();
    });
  });

  test('a slice beyond its buffer is a RangeError, not a read of foreign memory', () => {
    const buffer = network.pin(Buffer.alloc(100));
    for (const [offset, length] of [
      [0, 101],
      [100, 1],
      [-1, 5],
      [50, -60],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(
        () => from.socket.send([outgoing({ body: { memory: buffer, offset, length } })]),
        RangeError,
      );
    }
  });

  test('bytes that V8 holds in its own heap are pinned outside it; resizable ones are refused', () => {
    const small = network.pin(Uint8Array.of(1, 2, 3));
    assert.ok(small.address > 0 && Number.isSafeInteger(small.address));
    assert.equal(network.pin(new Uint8Array()).address, 0);
    const resizable = new ArrayBuffer(64, { maxByteLength: 128 });
    assert.throws(() => network.pin(new Uint8Array(resizable)), TypeError);
  });

  test('the head may be changed as soon as send returns', async () => {
    const head = Buffer.from('before');
    from.socket.send([outgoing({ head })]);
    head.write('after!');
    await until(() => to.received.length === 1, 'it arrives');
    assert.equal(to.received[0]?.text, 'before');
  });

  test('each datagram leaves from the address it names', async () => {
    from.socket.send([
      outgoing(),
      outgoing({ from: SECOND }),
      outgoing(),
      outgoing({ from: address('10.77.0.1') }),
    ]);
    await until(() => to.received.length === 4, 'all arrive');
    assert.deepEqual(
      to.received.map(({ source }) => source),
      [address('10.77.0.1'), SECOND, address('10.77.0.1'), address('10.77.0.1')],
    );
  });

  test('a batch of any size goes out, and a datagram that cannot is told and skipped', async () => {
    const batch = Array.from({ length: 150 }, (_, index) => outgoing({ head: text(`message ${index}`) }));
    batch[0] = outgoing({ from: address('192.0.2.1') });
    batch[70] = outgoing({ port: 0 });
    batch[71] = outgoing({ head: new Uint8Array(65_508) });
    batch[149] = outgoing({ head: new Uint8Array(200_000) });
    const result = from.socket.send(batch);
    assert.deepEqual(result, {
      sent: 146,
      failed: [
        { index: 0, code: 'ENETUNREACH' },
        { index: 70, code: 'EINVAL' },
        { index: 71, code: 'EMSGSIZE' },
        { index: 149, code: 'EMSGSIZE' },
      ],
    });
    await until(() => to.received.length === 146, 'the others arrive');
    assert.equal(to.received.at(-1)?.text, 'message 148');
  });

  test('heads that are large together are sent whole', async () => {
    const heads = Array.from({ length: 100 }, (_, index) => Buffer.alloc(4000, index));
    from.socket.send(heads.map((head) => outgoing({ head })));
    await until(() => to.received.length === heads.length, 'all arrive');
    for (const [index, head] of heads.entries()) assert.deepEqual(to.received[index]?.text, head.toString());
  });

  test('an ICMP error about an earlier datagram costs no later one', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { failed } = from.socket.send([
        outgoing({ port: 9 }),
        outgoing({ head: text(`round ${round}`) }),
      ]);
      assert.deepEqual(failed, []);
      await until(() => to.received.length === round + 1, `round ${round} arrives`);
    }
  });

  test('when the wire cannot take more, the rest is given up within a bounded time', () => {
    server.runSync('tc', ...'qdisc add dev rack0 root tbf rate 8kbit burst 4k limit 200m'.split(' '));
    try {
      const body = { memory: network.pin(Buffer.alloc(1400)), offset: 0, length: 1400 };
      const batch = Array.from({ length: 30_000 }, () => outgoing({ body }));
      const started = performance.now();
      const { sent, failed } = from.socket.send(batch);
      const took = performance.now() - started;
      assert.ok(sent > 1000, `${sent} sent`);
      assert.equal(sent + failed.length, batch.length);
      assert.deepEqual([...new Set(failed.map(({ code }) => code))], ['EAGAIN']);
      assert.ok(took < 1000, `${took} ms`);
    } finally {
      server.runSync('tc', 'qdisc', 'delete', 'dev', 'rack0', 'root');
    }
  });

  test('a closed socket sends nothing', () => {
    from.socket.close();
    assert.deepEqual(from.socket.send([outgoing()]), { sent: 0, failed: [{ index: 0, code: 'EBADF' }] });
  });

  describe('to a client that cannot answer ARP', () => {
    const SILENT = address('10.77.0.50');
    let mac: string;
    let deaf: Station;

    before(() => {
      const silent = lab.namespace('silent');
      lab.veth({ in: server, nic: 'rack5' }, { in: silent, nic: 'eth0' });
      lab.address(server, 'rack5', '10.77.5.1/24');
      // Holds the address, so that its kernel lets the datagram through to a socket, but answers no ARP request.
      lab.address(silent, 'eth0', '10.77.0.50/32');
      silent.runSync('sysctl', '-qw', 'net.ipv4.conf.eth0.arp_ignore=8', 'net.ipv4.conf.all.arp_ignore=8');
      mac = inside(silent, () => nicOf(network, 'eth0').mac);
      deaf = station(network, silent, 'eth0', { port: 68 });
    });

    test('a unicast arrives by the neighbour entry made for it, and no unicast without', async () => {
      const rack = station(network, server, 'rack5');
      rack.socket.send([
        { to: SILENT, port: 68, head: text('without') },
        { to: address('10.77.0.51'), port: 68, head: text('wrong address'), neighbour: mac },
        { to: SILENT, port: 68, head: text('with'), neighbour: mac },
      ]);
      await until(() => deaf.received.some(({ text }) => text === 'with'), 'it arrives');
      assert.ok(deaf.received.every(({ destination }) => destination === SILENT));
      assert.ok(!deaf.received.some(({ text }) => text === 'wrong address'));
      // What waited for ARP is released by the entry too, so only the order of arrival is the kernel's affair.
      rack.socket.close();
    });

    test('an entry is replaced when the address has gone to another machine', async () => {
      const rack = station(network, server, 'rack5');
      deaf.received.length = 0;
      rack.socket.send([
        { to: SILENT, port: 68, head: text('stale'), neighbour: '52:54:00:00:00:01' },
        { to: SILENT, port: 68, head: text('fresh'), neighbour: mac },
      ]);
      await until(() => deaf.received.length > 0, 'it arrives');
      rack.socket.close();
      assert.equal(
        inside(server, () => network.neighbour(SILENT)),
        mac,
      );
    });

    test('where the kernel refuses the entry, the datagram is broadcast', async () => {
      deaf.received.length = 0;
      const program = `
        import { createLinuxNetwork } from ${JSON.stringify(new URL('../../src/net/linux.ts', import.meta.url).href)};
        const network = createLinuxNetwork();
        const nic = network.nics().find(({ name }) => name === 'rack5');
        const socket = network.open({ nic, port: 0, slotSize: 1500, onReceive() {} });
        socket.send([{ to: ${SILENT}, port: 68, head: Buffer.from('to all'), neighbour: '${mac}' }]);
        await network.close();`;
      const node = [process.execPath, '--input-type=module', '-e', program];
      await server.run('setpriv', '--bounding-set=-all', ...node);
      await until(() => deaf.received.length === 1, 'it arrives');
      assert.deepEqual([deaf.received[0]?.text, deaf.received[0]?.destination], ['to all', BROADCAST]);
    });
  });
});
