/**
 * Many clients at once, each at an address and port of its own, while others ask for leases: every byte arrives, what they
 * share is in memory once, and DHCP goes on. How long its answers take `npm run bench:crowd` measures. Needs root.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { giveAddresses, runCrowd, startPulse } from '../lab/crowd.ts';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { type Server, startServer } from '../lab/server.ts';

const MIB = 1024 * 1024;
const WIRE = { nic: 'cli0', server: '10.78.0.1' };

let lab: Lab;
let server: Server;
let clients: Namespace;

before(async () => {
  lab = openLab();
  const house = lab.namespace('srv');
  clients = lab.namespace('cli');
  lab.veth({ in: house, nic: 'eth0' }, { in: clients, nic: 'cli0' });
  lab.address(house, 'eth0', `${WIRE.server}/16`);
  giveAddresses(lab, clients, 'cli0', 60);
  const subnet = { subnet: '10.78.0.0/16', pools: ['10.78.100.0-10.78.120.255'] };
  server = await startServer(house, {
    config: {
      interfaces: ['eth0'],
      dhcp: { mode: 'full', conflictCheck: 'off', subnets: [subnet] },
      tftp: { cache: '2MB' },
      http: { port: 0 },
    },
  });
});
after(async () => {
  await server?.stop();
  await lab?.close();
});

/** Writes a file to serve, and tells where it lies. */
function serve(name: string, bytes: number): { readonly name: string; readonly copy: string } {
  const copy = join(server.folder, 'tftpboot', name);
  writeFileSync(copy, randomBytes(bytes));
  return { name, copy };
}

/** MiB in memory: of the server now, and at most since the last call. */
function memory(): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
  return { now: mib('VmRSS'), most: mib('VmHWM') };
}

test('300 clients share one copy of a file, and every DHCP client is answered', async () => {
  const payload = serve('payload', MIB);
  const pulse = await startPulse(clients, { ...WIRE, rate: 20 });
  const before = memory().now;
  const crowd = await runCrowd(clients, { ...WIRE, ...payload, clients: 300, blockSize: 1428 });
  const { asked, lost } = await pulse.stop();
  assert.deepEqual([crowd.exact, crowd.failures], [300, {}]);
  assert.ok(asked > 0);
  assert.equal(lost, 0);
  const grown = memory().most - before;
  assert.ok(grown < 150, `the server grew by ${grown} MiB`);
});

test('a file larger than tftp.cache is read as it is sent, and never held whole', async () => {
  const payload = serve('image', 100 * MIB);
  const before = memory().now;
  const crowd = await runCrowd(clients, { ...WIRE, ...payload, clients: 2, blockSize: 1428 });
  assert.deepEqual([crowd.exact, crowd.failures], [2, {}]);
  const grown = memory().most - before;
  assert.ok(grown < 80, `the server grew by ${grown} MiB`);
});

test('a file that was replaced is another one to the next client', async () => {
  for (const _ of [1, 2]) {
    const payload = serve('changing', 100_000);
    const { exact } = await runCrowd(clients, { ...WIRE, ...payload, clients: 1, blockSize: 512 });
    assert.equal(exact, 1);
  }
});
