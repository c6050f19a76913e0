/** `npm run demo`, ended by Ctrl-C in the middle of a boot. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

const DEMO = join(import.meta.dirname, '../../scripts/demo.ts');

/** What a demo made and is still there: its namespaces, with whatever runs in them. */
function leftovers(pid: number | undefined): string[] {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  return names.split('\n').filter((name) => name.startsWith(`pl-${pid}-`));
}

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
