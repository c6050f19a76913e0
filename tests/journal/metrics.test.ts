import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/journal/metrics.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import { OFFER } from './capture.ts';

const RECORDS: readonly JournalRecord[] = [
  OFFER,
  OFFER,
  { ...OFFER, message: 'REQUEST', reply: 'ACK', port: 4011 },
  { ...OFFER, reply: undefined, code: 'NOT_FOR_US' },
  { kind: 'malformed', at: 0, port: 69, source: '10.0.0.1', code: 'SHORT', detail: 'x' },
  {
    kind: 'transfer',
    at: 0,
    protocol: 'tftp',
    event: 'done',
    client: 'x',
    file: 'x',
    bytes: 1000,
    milliseconds: 20,
    retransmissions: 2,
  },
  { kind: 'transfer', at: 0, protocol: 'http', event: 'aborted', client: 'x', file: 'x', bytes: 10 },
  { kind: 'reload', at: 0, ok: true, detail: 'x', diagnostics: [] },
  { kind: 'reload', at: 0, ok: false, detail: 'x', diagnostics: [] },
  { kind: 'hint', at: 0, mac: OFFER.mac, nic: 'eth1', to: 'fe80::1' },
  { kind: 'notice', at: 0, level: 'warn', message: 'x' },
];

const EXPECTED = [
  'pilotlight_dhcp_messages_total{message="DISCOVER",reply="OFFER",port="67"} 2',
  'pilotlight_dhcp_messages_total{message="REQUEST",reply="ACK",port="4011"} 1',
  'pilotlight_dhcp_messages_total{message="DISCOVER",reply="none",port="67"} 1',
  'pilotlight_dhcp_ignored_total{code="NOT_FOR_US"} 1',
  'pilotlight_dhcp_malformed_total{port="69",code="SHORT"} 1',
  'pilotlight_tftp_transfers_total{event="done"} 1',
  'pilotlight_tftp_bytes_total 1000',
  'pilotlight_tftp_retransmissions_total 2',
  'pilotlight_http_transfers_total{event="aborted"} 1',
  'pilotlight_http_bytes_total 10',
  'pilotlight_transfer_duration_seconds_sum{protocol="tftp"} 0.02',
  'pilotlight_profile_reloads_total{result="ok"} 1',
  'pilotlight_profile_reloads_total{result="broken"} 1',
  'pilotlight_profile_last_reload_success 0',
  'pilotlight_router_hints_total 1',
  'pilotlight_notices_total{level="warn"} 1',
  'pilotlight_leases{state="bound"} 7',
  'pilotlight_lease_store_up 0',
  'pilotlight_pool_addresses{pool="10.0.0.10-10.0.0.19"} 10',
  'pilotlight_pool_free_addresses{pool="10.0.0.10-10.0.0.19"} 3',
];

test('each record is counted, and scraping twice counts nothing twice', async () => {
  const pools = () => [{ pool: '10.0.0.10-10.0.0.19', size: 10, free: 3 }];
  const metrics = createMetrics({
    process: false,
    leases: () => ({ bound: 7 }),
    pools,
    storeWorks: () => false,
  });
  for (const record of RECORDS) metrics.record(record);
  await metrics.text();
  const lines = (await metrics.text()).split('\n');
  for (const line of EXPECTED) assert.ok(lines.includes(line), `${line} is missing`);
});

test('registries are apart', async () => {
  const [one, other] = [createMetrics({ process: false }), createMetrics({ process: false })];
  one.record(OFFER);
  assert.doesNotMatch(await other.text(), /dhcp_messages_total\{/);
});

test('figures of the process have their customary names', async () => {
  assert.match(await createMetrics().text(), /^process_resident_memory_bytes \d+/m);
});

test('clients cannot grow the registry without end', async () => {
  const metrics = createMetrics({ process: false });
  for (let number = 0; number < 1000; number += 1) metrics.httpRequest('GET', `/${number}`, 200);
  const lines = (await metrics.text()).split('\n').filter((line) => line.includes('http_requests_total{'));
  assert.equal(lines.length, 65);
  assert.ok(lines.includes('pilotlight_http_requests_total{method="GET",route="other",status="200"} 936'));
});
