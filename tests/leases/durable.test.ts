/** That what was committed survives a power cut: in which order the kernel is asked to write and to sync, as strace(1) sees it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openSqliteStore, readBindings } from '../../src/leases/sqlite.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pilotlight-durable-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What happens to the log, and what the committer then says, in the order in which each came to its end. */
type Step = 'written' | 'synced' | 'sync failed' | 'begun anew' | `${string} durable` | `${string} refused`;

const CALLS = 'pwrite64,fdatasync,ftruncate,unlink,write';

/** What is written to the log, or said. Other writes, such as wake-ups between threads, are none of it. */
function stepOf(call: string): Step | undefined {
  const said = /^write\(1<[^>]*>, "(\S+ (?:durable|refused))\\n"/.exec(call)?.[1];
  if (said !== undefined) return said as Step;
  if (!call.includes('leases.db-wal>')) return undefined;
  if (call.startsWith('pwrite64(')) return 'written';
  if (call.startsWith('ftruncate(')) return 'begun anew';
  if (call.startsWith('fdatasync(')) return / = 0$/.test(call) ? 'synced' : 'sync failed';
  return undefined;
}

/** Calls that another thread's came between are told in two lines, which this joins at the second. */
function* whole(lines: readonly string[]): Iterable<string> {
  const begun = new Map<string, string>();
  for (const line of lines) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const cut = text.indexOf(' <unfinished ...>');
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    if (cut >= 0) begun.set(thread, text.slice(0, cut));
    else yield resumed === null ? text : `${begun.get(thread) ?? ''}${resumed[1]}`;
  }
}

function trace(identities: readonly string[], ...options: readonly string[]): Step[] {
  const output = join(directory, 'trace');
  const args = ['-f', '-y', '-qq', '-s', '100', '-e', `trace=${CALLS}`, ...options, '-o', output];
  const program = [process.execPath, join(import.meta.dirname, 'committer.ts'), join(directory, 'state')];
  const { stderr, error } = spawnSync('strace', [...args, ...program, ...identities], { encoding: 'utf8' });
  assert.equal(error, undefined, 'strace(1) is missing: run scripts/packages test');
  assert.equal(stderr, '');
  const steps = Array.from(whole(readFileSync(output, 'utf8').split('\n')), stepOf);
  return steps.filter((step) => step !== undefined);
}

/** The steps up to what is said of this identity, after what was said of the one before. */
function until(steps: readonly Step[], said: Step): Step[] {
  const end = steps.indexOf(said);
  assert.ok(end >= 0, `"${said}" in ${steps.join(', ')}`);
  const start = steps.findLastIndex((step, at) => at < end && / (durable|refused)$/.test(step));
  return steps.slice(start + 1, end);
}

const identities = (): string[] => readBindings(join(directory, 'state')).map(({ identity }) => identity);

test('a commit is said to be durable when the log was synced after the last of it was written', () => {
  const steps = trace(['a', 'b', 'c']);
  for (const said of ['a durable', 'b durable', 'c durable'] as const) {
    const before = until(steps, said);
    assert.ok(before.includes('written'), `${said}: ${before}`);
    assert.equal(before.at(-1), 'synced', `${said}: ${before}`);
  }
  assert.deepEqual(identities(), ['a', 'b', 'c']);
});

test('what could not be synced is refused, and the log begins anew before anything else is promised', () => {
  const steps = trace(['a', 'b', 'c'], '-e', 'inject=fdatasync:error=EIO:when=2');
  assert.equal(until(steps, 'b refused').at(-1), 'sync failed');
  const after = until(steps, 'c durable');
  assert.ok(after.includes('begun anew'), `${after}`);
  assert.equal(after.at(-1), 'synced');
  const stored = identities();
  assert.deepEqual([stored.includes('a'), stored.includes('c')], [true, true]);
});

test('while syncing fails every commit is refused, and what was promised before is kept', () => {
  const failing = trace(['a', 'b', 'c', 'd'], '-e', 'inject=fdatasync:error=EIO:when=2+');
  const said = failing.filter((step) => / (durable|refused)$/.test(step));
  assert.deepEqual(said, ['a durable', 'b refused', 'c refused', 'd refused']);
  assert.ok(trace(['e']).includes('e durable'));
  const stored = identities();
  assert.deepEqual([stored.includes('a'), stored.includes('e')], [true, true]);
});

async function stored(): Promise<string[]> {
  const store = openSqliteStore(join(directory, 'state'));
  const found: string[] = [];
  await store.load(({ identity }) => void found.push(identity));
  await store.close();
  return found;
}

/** Kills the committer on entering its first call that changes a file, then its second, until it comes to its end. */
async function killAtEachChange(prepare: () => unknown): Promise<number> {
  for (let nth = 1; ; nth++) {
    rmSync(join(directory, 'state'), { recursive: true, force: true });
    await prepare();
    const steps = trace(['a', 'b'], '-e', `inject=pwrite64,unlink:signal=KILL:when=${nth}`);
    const found = await stored();
    for (const identity of ['a', 'b'])
      assert.ok(!steps.includes(`${identity} durable`) || found.includes(identity), `${identity}, ${nth}`);
    if (steps.includes('b durable')) return nth;
  }
}

test('a server that is killed at any moment of its first start, or of a later one, starts again', async () => {
  assert.ok((await killAtEachChange(() => {})) > 10);
  assert.ok((await killAtEachChange(stored)) > 4);
});
