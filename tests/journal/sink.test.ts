/** What becomes of the log when nobody takes it: the process lives on, and ends when it is told to. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClock } from '../../src/clock.ts';
import { createSink } from '../../src/journal/sink.ts';

const LOG = import.meta.resolve('../../src/journal/log.ts');

const flushed = (sink: ReturnType<typeof createSink>): Promise<void> => new Promise(sink.flush);

/** A process that logs, lives on, and ends as a server does; its exit code. */
async function logsTo(stdout: number | 'pipe'): Promise<unknown> {
  const script = `
    import { createLog } from ${JSON.stringify(LOG)};
    const log = createLog({ level: 'info', pretty: false });
    log.info('first');
    setTimeout(() => {
      log.info('second');
      log.flush(() => process.exit(7));
    }, 50);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', stdout, 'inherit'],
  });
  child.stdout?.destroy();
  const [code] = await once(child, 'exit');
  return code;
}

test('a full disk under stdout ends no process, and keeps none from ending', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    assert.equal(await logsTo(full), 7);
  } finally {
    closeSync(full);
  }
});

test('a reader that is gone neither', async () => {
  assert.equal(await logsTo('pipe'), 7);
});

test('a reader that stops keeps nobody waiting, and gets what waited when it reads again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pilotlight-sink-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const clock = createClock();
  // Both ends, so that neither open waits for the other; non-blocking as Node's own stdout is.
  const descriptor = openSync(fifo, 0o2 | 0o4000);
  try {
    const sink = createSink({ descriptor, backlog: 1_000_000, clock });
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 500; count += 1) sink.write(line);
    await flushed(sink);
    let got = 0;
    const bytes = Buffer.alloc(65_536);
    while (got < 500_000) {
      try {
        got += readSync(descriptor, bytes);
      } catch {
        await new Promise(setImmediate);
      }
    }
    assert.equal(got, 500_000);
  } finally {
    clock.close();
    closeSync(descriptor);
    rmSync(folder, { recursive: true, force: true });
  }
});
