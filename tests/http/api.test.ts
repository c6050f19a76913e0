/** The API in process: shapes, queries, errors, the OpenAPI document, metrics, health. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { DecisionRecord } from '../../src/journal/record.ts';
import { NetError } from '../../src/net/udp.ts';
import { createRig, NODE1, type Rig, type RigOptions } from './rig.ts';

async function rigFor(t: TestContext, options?: RigOptions): Promise<Rig> {
  const rig = await createRig(options);
  t.after(rig.close);
  return rig;
}

const decision = (mac: string, at: number): DecisionRecord => ({
  kind: 'decision',
  at,
  mac,
  nic: 'eth1',
  message: 'DISCOVER',
  reply: 'OFFER',
  port: 67,
  ip: 0x0a0b0b32,
  arch: 'bios',
  stage: 'rom',
  profile: 'razor',
  file: 'undionly.kpxe',
  reason: 'matches every client',
});

test('leases have the keys of the contract', async (t) => {
  const rig = await rigFor(t);
  const [lease] = (await rig.server.inject('/v1/leases')).json();
  assert.deepEqual(Object.keys(lease), ['ip', 'mac', 'clientId', 'hostname', 'state', 'expiresAt']);
});

test('explain takes the flags of the CLI, in either writing', async (t) => {
  const rig = await rigFor(t);
  const query = 'mac=5254.00AA.0001&arch=9&ipxe&vendor-class=PXEClient&giaddr=10.0.0.1&circuitId=rack12%2F3';
  const answer = await rig.server.inject(`/v1/explain?${query}`);
  assert.equal(answer.statusCode, 200);
  const body = answer.json();
  assert.deepEqual(Object.keys(body.reasons[0]), ['profile', 'matched', 'reason']);
  for (const key of ['bootFile', 'nextServer', 'options', 'script']) assert.ok(key in body.reply, key);
  assert.deepEqual(rig.asked.explain, [
    {
      mac: NODE1,
      arch: 'uefi-x64',
      ipxe: true,
      vendorClass: 'PXEClient',
      giaddr: 0x0a000001,
      circuitId: 'rack12/3',
    },
  ]);
});

test('an architecture that the registry lacks stays a number', async (t) => {
  const rig = await rigFor(t);
  await rig.server.inject(`/v1/explain?mac=${NODE1}&arch=999&ipxe=false`);
  assert.deepEqual(rig.asked.explain, [{ mac: NODE1, arch: 999, ipxe: false }]);
});

const BAD: readonly [string, RegExp][] = [
  ['/v1/explain', /^mac: is missing$/],
  ['/v1/explain?mac=52:54', /^mac: "52:54" is no MAC address$/],
  [`/v1/explain?mac=${NODE1}&mac=${NODE1}`, /^mac: is given more than once$/],
  [`/v1/explain?mac=${NODE1}&arch=z80`, /^arch: "z80" is no architecture: one of bios /],
  [`/v1/explain?mac=${NODE1}&giaddr=10.1`, /^giaddr: "10.1" is no IPv4 address$/],
  [`/v1/explain?mac=${NODE1}&machine=x`, /"machine"/],
  [`/v1/explain?mac=${NODE1}&ipxe=perhaps`, /^ipxe: /],
  ['/v1/events?limit=0', /^limit: /],
  ['/v1/events?limit=many', /^limit: /],
  ['/v1/machines/nobody', /^mac: "nobody" is no MAC address$/],
  ['/ipxe?mac=x', /^mac: "x" is no MAC address$/],
];

for (const [url, message] of BAD) {
  test(`${url} is a bad request`, async (t) => {
    const rig = await rigFor(t);
    const answer = await rig.server.inject(url);
    assert.equal(answer.statusCode, 400);
    const body = answer.json();
    assert.deepEqual(Object.keys(body), ['error', 'message']);
    assert.equal(body.error, 'BAD_REQUEST');
    assert.match(body.message, message);
  });
}

test('what is not there has the same shape', async (t) => {
  const rig = await rigFor(t);
  for (const url of ['/', '/v2/leases', '/v1/machines/00:00:00:00:00:01']) {
    const answer = await rig.server.inject(url);
    assert.equal(answer.statusCode, 404);
    assert.equal(answer.json().error, 'NOT_FOUND');
  }
});

test('a fault of ours is told to the log, not to the client', async (t) => {
  const fault = () => {
    throw new Error('secret');
  };
  const rig = await rigFor(t, { api: { status: fault } });
  const answer = await rig.server.inject('/v1/status');
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.json().error, 'INTERNAL');
  assert.ok(!answer.body.includes('secret') && !answer.body.includes('at '));
  assert.equal(rig.lines.filter((line) => line.level === 50).length, 1);
});

describe('scripts', () => {
  for (const mac of ['52:54:00:AA:00:01', '52-54-00-aa-00-01', '525400aa0001', '5254.00aa.0001']) {
    test(`for ${mac}`, async (t) => {
      const rig = await rigFor(t);
      const answer = await rig.server.inject(`/ipxe?mac=${mac}&arch=bios&serial=x`);
      assert.equal(answer.statusCode, 200);
      assert.match(answer.headers['content-type']?.toString() ?? '', /^text\/plain/);
      assert.equal(answer.body, `#!ipxe\necho ${NODE1}\n`);
      const [told] = rig.transfers();
      assert.deepEqual([told?.event, told?.mac, told?.bytes], ['done', NODE1, answer.body.length]);
    });
  }

  test('for whoever has the asking address', async (t) => {
    const rig = await rigFor(t, { requesterMac: NODE1 });
    assert.equal((await rig.server.inject('/ipxe')).body, `#!ipxe\necho ${NODE1}\n`);
    assert.equal(rig.asked.script[0]?.address, 0x7f000001);
  });

  test('that nobody has, or that does not render', async (t) => {
    for (const [failure, status, event] of [
      ['not-found', 404, 'not-found'],
      ['broken', 500, 'failed'],
    ] as const) {
      const rig = await rigFor(t, { api: { script: () => ({ failure, detail: 'because' }) } });
      const answer = await rig.server.inject(`/ipxe?mac=${NODE1}`);
      assert.deepEqual([answer.statusCode, answer.body], [status, 'because\n']);
      assert.deepEqual([rig.transfers()[0]?.event, rig.transfers()[0]?.detail], [event, 'because']);
    }
  });
});

test('machines are those known and those seen', async (t) => {
  const rig = await rigFor(t);
  rig.journal.write(decision('00:50:56:00:00:01', Date.UTC(2026, 0, 1)));
  rig.journal.write({ ...decision('00:50:56:00:00:01', Date.UTC(2026, 0, 2)), stage: 'ipxe' });
  const machines = (await rig.server.inject('/v1/machines')).json();
  assert.deepEqual(
    machines.map(({ mac, name, vendor, stage, profile, firstSeen, lastSeen }: Record<string, unknown>) => [
      mac,
      name,
      vendor,
      stage,
      profile,
      firstSeen,
      lastSeen,
    ]),
    [
      [NODE1, 'node1', 'QEMU', null, 'razor', null, null],
      [
        '00:50:56:00:00:01',
        null,
        'VMware, Inc.',
        'ipxe',
        'razor',
        '2026-01-01T00:00:00.000Z',
        '2026-01-02T00:00:00.000Z',
      ],
    ],
  );
  const one = (await rig.server.inject('/v1/machines/005056000001')).json();
  assert.deepEqual(
    one.events.map((event: { at: string }) => event.at),
    ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
  );
});

test('events are the newest, oldest first, of one machine when asked', async (t) => {
  const rig = await rigFor(t);
  for (let at = 1; at <= 5; at += 1)
    rig.journal.write(decision(at % 2 === 0 ? NODE1 : '00:50:56:00:00:01', at));
  const times = async (query: string) =>
    (await rig.server.inject(`/v1/events${query}`))
      .json()
      .map((event: { at: string }) => Date.parse(event.at));
  assert.deepEqual(await times(''), [1, 2, 3, 4, 5]);
  assert.deepEqual(await times('?limit=2'), [4, 5]);
  assert.deepEqual(await times(`?mac=${NODE1}`), [2, 4]);
  const [event] = (await rig.server.inject('/v1/events?limit=1')).json();
  const { at, ...fields } = { ...decision('00:50:56:00:00:01', 5), ip: '10.11.11.50' };
  assert.deepEqual(event, { ...fields, at: '1970-01-01T00:00:00.005Z' });
});

test('health and readiness tell their reasons', async (t) => {
  const rig = await rigFor(t, { api: { ready: () => ({ ok: false, reasons: ['port 67 is not bound'] }) } });
  const healthy = await rig.server.inject('/healthz');
  assert.deepEqual([healthy.statusCode, healthy.json()], [200, { status: 'ok', reasons: [] }]);
  const ready = await rig.server.inject('/readyz');
  assert.equal(ready.statusCode, 503);
  assert.deepEqual(ready.json(), { status: 'unavailable', reasons: ['port 67 is not bound'] });
});

test('the OpenAPI document has every path of the contract', async (t) => {
  const rig = await rigFor(t);
  const answer = await rig.server.inject('/openapi.json');
  const document = answer.json();
  assert.equal(document.openapi, '3.1.0');
  for (const path of [
    '/boot/{path}',
    '/ipxe',
    '/v1/leases',
    '/v1/machines',
    '/v1/machines/{mac}',
    '/v1/events',
    '/v1/profiles',
    '/v1/explain',
    '/v1/status',
    '/openapi.json',
    '/metrics',
    '/healthz',
    '/readyz',
  ]) {
    const { get } = document.paths[path] ?? assert.fail(`${path} is missing`);
    assert.ok(get.summary.length > 0 && get.responses['200'].description.length > 0, path);
    const declared = (get.parameters ?? []).filter((parameter: { in: string }) => parameter.in === 'path');
    assert.deepEqual(
      declared.map((parameter: { name: string }) => `{${parameter.name}}`),
      path.match(/\{\w+\}/g) ?? [],
    );
  }
  const names = document.paths['/v1/explain'].get.parameters.map(({ name }: { name: string }) => name);
  assert.ok(['mac', 'arch', 'ipxe', 'vendorClass', 'circuitId'].every((name) => names.includes(name)));
  assert.ok(!answer.body.includes('$schema'));
});

test('metrics count requests by route, never by path', async (t) => {
  const rig = await rigFor(t);
  await rig.server.inject('/boot/one');
  await rig.server.inject('/boot/two');
  await rig.server.inject('/elsewhere');
  const { body, headers } = await rig.server.inject('/metrics');
  assert.match(headers['content-type']?.toString() ?? '', /^text\/plain; version=/);
  const lines = body.split('\n');
  for (const line of [
    'pilotlight_http_requests_total{method="GET",route="/boot/*",status="404"} 2',
    'pilotlight_http_requests_total{method="GET",route="none",status="404"} 1',
    'pilotlight_http_transfers_total{event="not-found"} 2',
    'pilotlight_leases{state="bound"} 3',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('requests are told at debug level only', async (t) => {
  for (const [level, count] of [
    ['info', 0],
    ['debug', 1],
  ] as const) {
    const rig = await rigFor(t, { level });
    await rig.server.listen();
    await rig.server.inject('/healthz');
    assert.equal(rig.lines.filter((line) => line.msg === 'http').length, count);
    if (level === 'info') assert.deepEqual(rig.lines, []);
  }
});

test('a port that is taken is named, with its holder', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  t.after(() => squatter.close());
  const address = squatter.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const rig = await rigFor(t, { port });
  await assert.rejects(rig.server.listen(), (error) => {
    assert.ok(error instanceof NetError);
    assert.equal(error.code, 'PORT_TAKEN');
    assert.ok(error.message.includes(`TCP port ${port} `) && error.message.includes(`pid ${process.pid}`));
    assert.match(error.hint, /http\.port/);
    return true;
  });
});
