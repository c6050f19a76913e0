import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createJournal } from '../../src/journal/journal.ts';
import { StoreUnavailable } from '../../src/leases/store.ts';
import { TemplateError } from '../../src/profiles/model.ts';
import { captureLog, OFFER } from './capture.ts';

test('JSON lines have a level, a time and a message', () => {
  const { log, lines } = captureLog('info');
  log.info('ready');
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(line, { level: 30, msg: 'ready' });
  assert.ok(Math.abs(time - Date.now()) < 60_000);
});

test('readable lines put the machine first and its maker beside it', () => {
  const { log, lines } = captureLog('info', true);
  createJournal({ log, metrics: { record: () => {} }, vendorOf: () => 'QEMU' }).write(OFFER);
  log.info('ready');
  assert.equal(lines.length, 2);
  assert.match(
    lines[0] ?? '',
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: 52:54:00:aa:00:01 \(QEMU\) {2}DISCOVER → OFFER 10\.11\.11\.50 undionly\.kpxe {2}arch=bios stage=rom profile=razor nic=eth1 port=67 {2}\(profile razor matches every client\)\n$/,
  );
  assert.match(lines[1] ?? '', / INFO: ready\n$/);
});

test('each fault of a broken reload has its line', () => {
  const { log, lines } = captureLog('info', true);
  createJournal({ log, metrics: { record: () => {} } }).write({
    kind: 'reload',
    at: 0,
    ok: false,
    detail: 'the last good profiles stay in force',
    diagnostics: ['a.yaml:1:2: error UNKNOWN_KEY kernal\n    hint: kernel', 'b.yaml:3:4: error WRONG_TYPE x'],
  });
  assert.match(
    lines.join(''),
    /ERROR: the last good profiles stay in force\n {4}a\.yaml:1:2: error UNKNOWN_KEY kernal\n {8}hint: kernel\n {4}b\.yaml:3:4: error WRONG_TYPE x\n$/,
  );
});

const enospc = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
for (const error of [
  new StoreUnavailable('the lease store cannot be written', 'Free some space.'),
  new TemplateError('no variable "role"'),
  enospc,
]) {
  for (const pretty of [false, true]) {
    test(`${error.message} has no stack, pretty ${pretty}`, () => {
      const { log, lines } = captureLog('info', pretty);
      log.error({ err: error }, 'cannot go on');
      assert.doesNotMatch(lines.join(''), /\bat .*\.test\.ts/);
      assert.ok(lines.join('').includes(pretty ? error.message : JSON.stringify(error.message)));
    });
  }
}

test('a fault of ours has its stack', () => {
  for (const pretty of [false, true]) {
    const { log, lines } = captureLog('info', pretty);
    log.error({ err: new Error('bug') }, 'oops');
    assert.match(lines.join(''), /\bat .*log\.test\.ts/);
  }
});

for (const pretty of [false, true]) {
  test(`nothing is lost when the process exits, pretty ${pretty}`, async () => {
    const log = fileURLToPath(import.meta.resolve('../../src/journal/log.ts'));
    const script = `
      import { createLog } from ${JSON.stringify(log)};
      const log = createLog({ level: 'info', pretty: ${pretty} });
      for (let line = 0; line < 5000; line += 1) log.info('line ' + line);
      process.exit(3);`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]);
    const { code, stdout } = (await run.catch((error: { code: number; stdout: string }) => error)) as {
      code: number;
      stdout: string;
    };
    assert.equal(code, 3);
    assert.equal(stdout.match(/line \d+/g)?.length, 5000);
  });
}
