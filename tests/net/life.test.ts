import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLinuxNetwork } from '../../src/net/linux.ts';
import type { Network, Outgoing, ReceiveHandler, UdpSocket } from '../../src/net/udp.ts';
import { parseIpv4 } from '../../src/values/ipv4.ts';
import { nicOf, text, until } from './inside.ts';

const LOCALHOST = parseIpv4('127.0.0.1') ?? 0;

function open(network: Network, onReceive: ReceiveHandler = () => {}, slotSize = 2048): UdpSocket {
  return network.open({ nic: nicOf(network, 'lo'), port: 0, slotSize, onReceive });
}

const message = (to: UdpSocket, head: string): Outgoing => ({
  to: LOCALHOST,
  port: to.port,
  head: text(head),
});

describe('the life of sockets', () => {
  test('closing is at once and leaves no descriptor behind', async () => {
    const network = createLinuxNetwork();
    open(network).close();
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    for (let round = 0; round < 200; round += 1) {
      const socket = open(network);
      socket.send([message(socket, 'to myself')]);
      socket.close();
      socket.close();
    }
    for (let socket = 0; socket < 20; socket += 1) open(network);
    const started = performance.now();
    await network.close();
    assert.ok(performance.now() - started < 100);
    await until(() => descriptors() === before, 'every descriptor is closed');
    assert.throws(() => open(network), /closed/);
  });

  test('the handler hears nothing after close, not even what has arrived', async () => {
    const network = createLinuxNetwork();
    const heard: string[] = [];
    const one = open(network, (_, socket) => {
      heard.push('one');
      socket.close();
      other.close();
    });
    const other = open(network, (_, socket) => {
      heard.push('other');
      socket.close();
      one.close();
    });
    // Both become readable within one turn of the loop, and the first to be called closes the other.
    one.send([message(one, 'a'), message(other, 'b')]);
    await until(() => heard.length > 0, 'one is called');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(heard.length, 1);
    await network.close();
  });

  test('an open socket keeps the process alive at no cost, a closed one does not', async (t) => {
    const program = `
      import { createLinuxNetwork } from ${JSON.stringify(new URL('../../src/net/linux.ts', import.meta.url).href)};
      const network = createLinuxNetwork();
      const nic = network.nics().find(({ loopback }) => loopback);
      const handle = (batch) => batch.some(({ data }) => Buffer.from(data).toString() === 'end') ? network.close() : undefined;
      const socket = network.open({ nic, port: 0, slotSize: 1500, onReceive: handle });
      console.log(socket.port);
      const before = process.cpuUsage();
      process.on('exit', () => console.log(process.cpuUsage(before)));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    await until(() => output.includes('\n'), 'the child listens');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(child.exitCode, null);
    const network = createLinuxNetwork();
    const socket = open(network);
    socket.send([{ to: LOCALHOST, port: Number.parseInt(output, 10), head: text('end') }]);
    await network.close();
    await until(() => child.exitCode !== null, 'it ends', 500);
    assert.equal(child.exitCode, 0);
    const used = [...output.matchAll(/(?:user|system): (\d+)/g)].reduce((sum, [, us]) => sum + Number(us), 0);
    assert.ok(used < 50_000, `${used} µs of CPU in 500 ms of silence`);
  });

  test('a handler that throws is an uncaught exception, and the socket goes on', async () => {
    const program = `
      import { createLinuxNetwork } from ${JSON.stringify(new URL('../../src/net/linux.ts', import.meta.url).href)};
      const network = createLinuxNetwork();
      const nic = network.nics().find(({ loopback }) => loopback);
      const socket = network.open({ nic, port: 0, slotSize: 1500, onReceive(batch) {
        const heard = Buffer.from(batch[0].data).toString();
        if (heard === 'bad') throw new Error('on ' + heard);
        console.log('heard ' + heard);
        network.close();
      } });
      const send = (head) => socket.send([{ to: ${LOCALHOST}, port: socket.port, head: Buffer.from(head) }]);
      process.on('uncaughtException', ({ message }) => { console.log('uncaught ' + message); send('good'); });
      send('bad');`;
    const output = await new Promise((resolve, reject) =>
      execFile(
        process.execPath,
        ['--input-type=module', '-e', program],
        { timeout: 5000 },
        (error, stdout) => (error ? reject(error) : resolve(stdout)),
      ),
    );
    assert.equal(output, 'uncaught on bad\nheard good\n');
  });

  test('promises and ticks that a handler begins go on before the next turn', async () => {
    const network = createLinuxNetwork();
    const order: string[] = [];
    const socket = open(network, () => {
      setImmediate(() => order.push('next turn'));
      process.nextTick(() => order.push('tick'));
      Promise.resolve().then(() => order.push('promise'));
    });
    socket.send([message(socket, 'x')]);
    await until(() => order.length === 3, 'all ran');
    assert.deepEqual(order, ['tick', 'promise', 'next turn']);
    await network.close();
  });

  test('collecting garbage moves nothing that the kernel was told of', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const network = createLinuxNetwork();
    const expected = new Map<number, string>();
    let wrong = 0;
    const to = open(network, (batch) => {
      collect();
      for (const { data } of batch) {
        const bytes = Buffer.from(data);
        if (expected.get(bytes.readUInt32BE()) !== bytes.toString('hex', 4)) wrong += 1;
        expected.delete(bytes.readUInt32BE());
      }
    });
    const from = open(network);
    for (let round = 0; round < 60; round += 1) {
      const batch = Array.from({ length: 32 }, (_, index): Outgoing => {
        const id = round * 32 + index;
        // Small ones are born in V8's own heap, which is what collection moves.
        const body = Uint8Array.from(randomBytes(1 + (id % 120)));
        expected.set(id, Buffer.from(body).toString('hex'));
        const head = Buffer.alloc(4);
        head.writeUInt32BE(id);
        return {
          to: LOCALHOST,
          port: to.port,
          head,
          body: { memory: network.pin(body), offset: 0, length: body.length },
        };
      });
      collect();
      assert.deepEqual(from.send(batch).failed, []);
      await until(() => expected.size === 0, `round ${round} arrives`);
    }
    assert.equal(wrong, 0);
    await network.close();
  });
});
