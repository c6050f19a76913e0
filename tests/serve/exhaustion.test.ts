/** That a full pool is told of once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JournalRecord } from '../../src/journal/record.ts';
import { tellExhaustion } from '../../src/serve/exhaustion.ts';
import { openRack, type Rack } from '../lab/rack.ts';
import { type Server, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

const HOUR = 3_600_000;

function journal() {
  const records: JournalRecord[] = [];
  const told = tellExhaustion({ write: (record) => void records.push(record) });
  return {
    records,
    notices: () => records.flatMap((record) => (record.kind === 'notice' ? [record.message] : [])),
    refuse(exhausted: string | undefined, at: number): void {
      const code = exhausted === undefined ? 'NOT_OURS' : 'POOL_EXHAUSTED';
      told.write({ kind: 'decision', at, message: 'DISCOVER', port: 67, reason: 'none', code, exhausted });
    },
  };
}

test('the first client without an address is told of, with what to do, and the others only counted', () => {
  const { records, notices, refuse } = journal();
  for (let at = 0; at < 50; at++) refuse('10.0.0.0/24', at);
  assert.equal(records.length, 51, 'every decision is passed on');
  assert.deepEqual(notices(), [
    'the pools of 10.0.0.0/24 have no free address left: new clients there get no answer',
  ]);
  const notice = records.find(({ kind }) => kind === 'notice');
  assert.match(JSON.stringify(notice), /"level":"warn".*add a pool.*leases release/);
});

test('each subnet for itself, and again after an hour, with how many were meanwhile', () => {
  const { notices, refuse } = journal();
  refuse('10.0.0.0/24', 0);
  refuse('10.0.1.0/24', 1);
  refuse('10.0.0.0/24', HOUR - 1);
  refuse('10.0.0.0/24', HOUR);
  refuse('10.0.1.0/24', HOUR);
  assert.deepEqual(notices(), [
    'the pools of 10.0.0.0/24 have no free address left: new clients there get no answer',
    'the pools of 10.0.1.0/24 have no free address left: new clients there get no answer',
    'the pools of 10.0.0.0/24 have no free address left: new clients there get no answer; 1 got none before',
  ]);
});

test('other messages without an answer are none of its business', () => {
  const { notices, refuse } = journal();
  refuse(undefined, 0);
  assert.deepEqual(notices(), []);
});

describe('a pool of one address', () => {
  let rack: Rack;
  let server: Server;

  before(async () => {
    rack = openRack();
    server = await startServer(rack.server, {
      config: {
        interfaces: ['eth0'],
        dhcp: {
          mode: 'full',
          conflictCheck: 'off',
          subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.50'] }],
        },
      },
    });
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('the second client gets none, the log tells of it once, and the metrics count it', async () => {
    assert.equal(await lease(rack.host('one', '10.78.0.1/24')), '10.77.0.50');
    await assert.rejects(lease(rack.host('two', '10.78.0.2/24')));
    const told = server.records.all.filter(({ msg }) => /have no free address left/.test(msg));
    assert.deepEqual(
      told.map(({ msg }) => msg),
      ['the pools of 10.77.0.0/24 have no free address left: new clients there get no answer'],
    );
    const metrics = await rack.server.run('curl', '-s', 'http://127.0.0.1:8080/metrics');
    const [, count] = /dhcp_ignored_total\{code="POOL_EXHAUSTED"\} (\d+)/.exec(metrics) ?? [];
    assert.ok(Number(count) >= 2, `counted: ${count}`);
  });
});
