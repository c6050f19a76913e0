/** `npm run demo`: to its end, and ended by Ctrl-C in the middle of a boot. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const DEMO = join(import.meta.dirname, '../../scripts/demo.ts');

/** What a demo made and is still there: its namespaces, with whatever runs in them. */
function leftovers(pid: number | undefined): string[] {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  return names.split('\n').filter((name) => name.startsWith(`pl-${pid}-`));
}

test('the demo shows a boot from power on to Linux, and then how long each stage took', async () => {
  const demo = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(demo, 'exit');
  const [story = '', summary = ''] = (await text(demo.stdout)).split(/^Where the time went .*$/m);
  assert.deepEqual(await ended, [0, null]);
  assert.match(story, /^ +\d+\.\d\d {2}machine +power on$/m);
  assert.match(story, /^ +\d+\.\d\d {2}server +DISCOVER → OFFER /m);
  assert.match(story, /^ +\d+\.\d\d {2}machine .*Linux version /m);
  const stages = summary
    .match(/^ {2}\S.*\d\.\d\d s +\d+\.\d\d s$/gm)
    ?.map((line) => line.slice(2, 48).trim());
  assert.deepEqual(stages, [
    'firmware, until its first DISCOVER',
    'DHCP of iPXE, and its wait for an IPv6 router',
    'script fetched',
    'kernel and initrd fetched',
    'kernel, until its first line',
    'kernel, until init',
  ]);
  assert.deepEqual(leftovers(demo.pid), []);
});

test('Ctrl-C ends the demo, and nothing of it is left', { timeout: 120_000 }, async () => {
  const demo = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(demo, 'exit');
  let said = '';
  for await (const chunk of demo.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.includes('DISCOVER')) break;
  }
  assert.match(said, /^ +\d+\.\d\d {2}machine +power on$/m);
  assert.match(said, /^ +\d+\.\d\d {2}server +DISCOVER → OFFER /m);
  assert.notDeepEqual(leftovers(demo.pid), []);
  demo.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  demo.kill('SIGINT');
  const [code] = await ended;
  assert.equal(code, 130);
  assert.match(said, /^Stopped; everything that the demo made is removed\.$/m);
  assert.deepEqual(leftovers(demo.pid), []);
});
