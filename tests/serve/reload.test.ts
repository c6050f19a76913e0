/** What a reload of pilotlight.yaml changes, and what it says of the rest. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import { reloadedConfig } from '../../src/serve/reload.ts';
import { makeScratch } from '../lab/scratch.ts';

const scratch = makeScratch('reload');
after(() => scratch.remove());

/** Reads `before`, reloads `later`: the configuration in force, and the warnings. */
async function reload(before: string, later: string) {
  const load = (text: string) => {
    writeFileSync(join(scratch.path, 'pilotlight.yaml'), text);
    return loadConfig('pilotlight.yaml', scratch.path);
  };
  const { config } = await load(before);
  assert.ok(config);
  const records: JournalRecord[] = [];
  const journal = { write: (record: JournalRecord) => void records.push(record) };
  const reloaded = reloadedConfig(config, await load(later), journal, 0);
  const notices = records.flatMap((record) => (record.kind === 'notice' ? [record.message] : []));
  return { config, reloaded, notices };
}

for (const key of ['maxBlockSize: 1000', 'maxWindow: 7', 'cache: 1MB', 'maxTransfers: 9']) {
  test(`tftp.${key} waits for a restart, and says so`, async () => {
    const { config, reloaded, notices } = await reload('{}', `tftp: { ${key} }\n`);
    assert.deepEqual(reloaded.tftp, config.tftp);
    assert.deepEqual(notices, ['changed in pilotlight.yaml and in force only after a restart: tftp']);
  });
}

test('limits are in force at once', async () => {
  const { reloaded, notices } = await reload('{}', 'limits: { clientRate: 3, offers: 7 }\n');
  assert.deepEqual([reloaded.limits, notices], [{ clientRate: 3, offers: 7 }, []]);
});

test('boot.loop waits for a restart, and says so', async () => {
  const { config, reloaded, notices } = await reload('{}', 'boot: { loop: off }\n');
  assert.deepEqual(reloaded.boot, config.boot);
  assert.deepEqual(notices, ['changed in pilotlight.yaml and in force only after a restart: boot.loop']);
});

test('boot.routerHint waits for a restart, and says so', async () => {
  const { reloaded, notices } = await reload('{}', 'boot: { routerHint: off }\n');
  assert.equal(reloaded.boot.routerHint, 'auto');
  assert.deepEqual(notices, [
    'changed in pilotlight.yaml and in force only after a restart: boot.routerHint',
  ]);
});

test('what is written differently and means the same is no change', async () => {
  const { notices } = await reload('{}', 'tftp: { cache: 512MiB, maxWindow: 64 }\n');
  assert.deepEqual(notices, []);
});
