/** The lab leaves nothing behind, whatever becomes of the process that opened it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFeed } from './feed.ts';
import { readLines } from './lines.ts';
import { openLab } from './netns.ts';

const MODULE = join(import.meta.dirname, 'netns.ts');

/** Opens a lab with a program in it, tells both, and does nothing more. */
const OWNER = `
const { openLab } = await import(${JSON.stringify(MODULE)});
const inside = openLab().namespace('x');
const child = inside.spawn('sleep', ['1000']);
await new Promise((resolve) => child.once('spawn', resolve));
console.log(inside.name + ' ' + child.pid);
setInterval(() => {}, 1000);
`;

const namespaces = (): string => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
/** A zombie that nobody has reaped yet runs no more. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function killedOwner(signal: NodeJS.Signals): Promise<{ readonly name: string; readonly pid: number }> {
  const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createFeed<string>((line) => line);
  readLines(owner.stdout, lines.push);
  const told = await lines.waitFor('the owner has its lab', () => true, { seconds: 20 });
  const [name = '', pid = ''] = told.split(' ');
  assert.ok(namespaces().includes(name));
  owner.kill(signal);
  await once(owner, 'exit');
  return { name, pid: Number(pid) };
}

test('a closed lab has ended its programs and removed its namespaces', async () => {
  const lab = openLab();
  const inside = lab.namespace('x');
  const child = inside.spawn('sleep', ['1000']);
  await once(child, 'spawn');
  assert.ok(namespaces().includes(inside.name));
  await lab.close();
  assert.equal(child.signalCode, 'SIGKILL');
  assert.ok(!namespaces().includes(inside.name));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a lab whose process gets ${signal} is gone with it`, async () => {
    const { name, pid } = await killedOwner(signal);
    assert.ok(!namespaces().includes(name));
    await until('the program has ended', () => !isRunning(pid));
  });
}

test('what a killed process left is gone once the next lab opens', async () => {
  const { name, pid } = await killedOwner('SIGKILL');
  await until('the program has ended', () => !isRunning(pid));
  assert.ok(namespaces().includes(name));
  await openLab().close();
  assert.ok(!namespaces().includes(name));
});

test('two namespaces of a lab reach each other over a veth pair', async () => {
  const lab = openLab();
  try {
    const [one, other] = [lab.namespace('a'), lab.namespace('b')];
    lab.veth({ in: one, nic: 'eth0' }, { in: other, nic: 'eth0' });
    lab.address(one, 'eth0', '10.77.9.1/24');
    lab.address(other, 'eth0', '10.77.9.2/24');
    const neighbours = await one.run('bash', '-c', 'echo >/dev/udp/10.77.9.2/9; ip neighbour show 10.77.9.2');
    assert.match(neighbours, /^10\.77\.9\.2 dev eth0/);
  } finally {
    await lab.close();
  }
});
