import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type InventoryOptions, loadInventory } from '../../src/profiles/inventory.ts';
import type { Inventory } from '../../src/profiles/model.ts';
import { compareProfiles, specificity } from '../../src/profiles/order.ts';
import { machinesSchema, profileSchema } from '../../src/profiles/schema.ts';
import { arbitraryFor } from '../yaml/arbitrary.ts';
import { formatAll } from '../yaml/fixtures.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'pl-inventory-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function directory(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(scratch, 'case-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function load(root: string, more: Partial<InventoryOptions> = {}) {
  return loadInventory({
    profiles: join(root, 'profiles'),
    machines: join(root, 'machines'),
    roots: [join(root, 'tftpboot')],
    version: 7,
    mode: 'proxy',
    ...more,
  });
}

const LOCAL = 'boot: { local: true }\n';

test('the profiles that ship load without an error', async () => {
  const result = await load(REPOSITORY, { roots: [join(REPOSITORY, 'tftpboot'), '/usr/lib/ipxe'] });
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  assert.equal(formatAll(errors), '');
  assert.ok((result.inventory?.profiles.length ?? 0) > 0);
});

test('machines are found by MAC, UUID and address', async () => {
  const uuid = '8c1c7f3a-2f3e-4a55-9d2b-0c5f1e6a7b8c';
  const root = directory({
    machines: `- { mac: [52-54-00-AA-00-01, 525400AA0002], uuid: ${uuid}, ip: 10.0.0.9 }\n`,
  });
  const { machines, version } = (await load(root)).inventory ?? assert.fail('no inventory');
  const [machine] = machines.all;
  assert.equal(version, 7);
  assert.equal(machines.byMac.get('52:54:00:aa:00:01'), machine);
  assert.equal(machines.byMac.get('52:54:00:aa:00:02'), machine);
  assert.equal(machines.byUuid.get(uuid), machine);
  assert.equal(machines.byIp.get(0x0a000009), machine);
});

test('a Kubernetes ConfigMap mount loads each file once', async () => {
  const root = directory({ 'profiles/..2026_11_21/a.yaml': `name: a\n${LOCAL}` });
  symlinkSync('..2026_11_21', join(root, 'profiles/..data'));
  symlinkSync('..data/a.yaml', join(root, 'profiles/a.yaml'));
  const { inventory, diagnostics } = await load(root);
  assert.equal(formatAll(diagnostics), '');
  assert.deepEqual(
    inventory?.profiles.map(({ name }) => name),
    ['a'],
  );
});

test('a template of a ConfigMap mount lies within the profiles, one behind a link out of them does not', async () => {
  const profile = (name: string, file: string) =>
    `name: ${name}\n${LOCAL}files: { x: { template: ${file} } }\n`;
  const root = directory({
    'profiles/..1/a.yaml': profile('a', 't.liquid'),
    'profiles/..1/t.liquid': 'inside',
    'out.liquid': 'outside',
  });
  symlinkSync('..1', join(root, 'profiles/..data'));
  symlinkSync('..data/a.yaml', join(root, 'profiles/a.yaml'));
  symlinkSync('..data/t.liquid', join(root, 'profiles/t.liquid'));
  assert.equal((await load(root)).inventory?.profiles[0]?.files.get('x')?.source, 'inside');

  symlinkSync('../out.liquid', join(root, 'profiles/out.liquid'));
  writeFileSync(join(root, 'profiles/b.yaml'), profile('b', 'out.liquid'));
  const { inventory, diagnostics } = await load(root);
  assert.equal(inventory, undefined);
  assert.match(
    formatAll(diagnostics),
    /b\.yaml:3:25: error UNREADABLE the template out\.liquid lies outside/,
  );
});

test('a dangling link and a file in place of the directory are told', async () => {
  const root = directory({ profiles: 'no directory' });
  assert.match(
    formatAll((await load(root)).diagnostics),
    /profiles:1:1: error UNREADABLE .*it is no directory/,
  );
  const other = directory({ 'profiles/a.yaml': `name: a\n${LOCAL}` });
  symlinkSync('none.yaml', join(other, 'profiles/b.yaml'));
  assert.match(formatAll((await load(other)).diagnostics), /b\.yaml:1:1: error UNREADABLE .*no such file/);
});

test('the inventory is frozen all the way down', async () => {
  const root = directory({
    'profiles/a.yaml': `name: a\n${LOCAL}vars: { deep: { list: [1] } }\noptions: { root-path: x }\n`,
    machines: 'mac: 52:54:00:aa:00:01\n',
  });
  const inventory = (await load(root)).inventory ?? assert.fail('no inventory');
  const seen: unknown[] = [inventory];
  for (const value of seen) {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    assert.ok(Object.isFrozen(value), JSON.stringify(value));
    if (value instanceof Map) seen.push(...value.values());
    else seen.push(...Object.values(value));
  }
  for (const map of [inventory.machines.byMac, inventory.profiles[0]?.options]) {
    for (const method of ['set', 'delete', 'clear']) {
      assert.throws(() => Reflect.apply(Reflect.get(Object(map), method), map, []), TypeError);
    }
  }
});

test('verify sees the inventory when all else is right; its error refuses, its warning does not', async () => {
  const root = directory({
    'profiles/a.yaml': `name: a\n${LOCAL}tests: [{ given: {}, expect: { profile: b } }]\n`,
  });
  const verify = (severity: 'error' | 'warning') => (inventory: Inventory) =>
    inventory.profiles.flatMap(({ tests }) =>
      tests.map(({ position }) => ({
        severity,
        code: 'PROFILE_TEST_FAILED' as const,
        position,
        message: 'no',
      })),
    );
  const refused = await load(root, { verify: verify('error') });
  assert.equal(refused.inventory, undefined);
  assert.match(formatAll(refused.diagnostics), /a\.yaml:3:9: error PROFILE_TEST_FAILED no/);
  assert.notEqual((await load(root, { verify: verify('warning') })).inventory, undefined);

  writeFileSync(join(root, 'machines'), 'broken: [');
  await load(root, { verify: () => assert.fail('not to be asked of a broken inventory') });
});

test('the fingerprint follows what was read', async () => {
  const root = directory({ 'profiles/a.yaml': `name: a\n${LOCAL}`, 'tftpboot/other': 'x' });
  const first = (await load(root)).fingerprint;
  assert.equal((await load(root, { version: 8 })).fingerprint, first);
  writeFileSync(join(root, 'profiles/a.yaml'), `name: b\n${LOCAL}`);
  assert.notEqual((await load(root)).fingerprint, first);
});

const MATCHES = [
  {},
  { vendorClass: ['PXEClient*'] },
  { mac: ['52:*'] },
  { vendorClass: ['PXEClient*'], arch: ['bios'] },
  { mac: ['52:54:00:aa:00:01', '52:*'], arch: ['bios'], relay: { circuitId: ['a'], remoteId: ['b'] } },
  { mac: ['52:54:00:aa:00:01'] },
  { uuid: ['8c1c7f3a-2f3e-4a55-9d2b-0c5f1e6a7b8c'], arch: ['bios'] },
  { mac: ['52:54:00:aa:00:01'], uuid: ['8c1c7f3a-2f3e-4a55-9d2b-0c5f1e6a7b8c'] },
] as const;

test('specificity: each key counts, and naming machines counts above all else', () => {
  assert.deepEqual(MATCHES.map(specificity), [0, 1, 1, 2, 4, 101, 102, 202]);
});

test('the order of profiles is total and depends on nothing but them', () => {
  const profile = fc.record({
    name: fc.constantFrom('a', 'b', 'B', 'é'),
    priority: fc.integer({ min: -1, max: 1 }),
    match: fc.constantFrom(...MATCHES),
  });
  const base = {
    boot: { kind: 'local' as const },
    firmware: new Map(),
    uefiProxy: 'binl' as const,
    options: new Map(),
  };
  const rest = { vars: {}, files: new Map(), tests: [], position: { file: 'f', line: 1, column: 1 } };
  fc.assert(
    fc.property(profile, profile, profile, (a, b, c) => {
      const [x, y, z] = [a, b, c].map((part) => ({ ...base, ...rest, ...part }));
      if (x === undefined || y === undefined || z === undefined) return;
      assert.equal(Math.sign(compareProfiles(x, y)) + Math.sign(compareProfiles(y, x)), 0);
      if (compareProfiles(x, y) <= 0 && compareProfiles(y, z) <= 0) assert.ok(compareProfiles(x, z) <= 0);
    }),
  );
});

test('whatever profiles and machines hold, there is an inventory or an error, never a throw', async () => {
  const root = directory({ 'profiles/t.liquid': '{{ machine.name }}' });
  await fc.assert(
    fc.asyncProperty(arbitraryFor(profileSchema), arbitraryFor(machinesSchema), async (profile, machines) => {
      writeFileSync(join(root, 'profiles/a.yaml'), JSON.stringify(profile));
      writeFileSync(join(root, 'machines'), JSON.stringify(machines));
      const { inventory, diagnostics } = await load(root, { mode: 'full', subnets: [] });
      assert.equal(
        inventory === undefined,
        diagnostics.some(({ severity }) => severity === 'error'),
      );
      for (const { position } of diagnostics) assert.ok(position.line === 1 && position.column >= 1);
    }),
    { numRuns: 150 },
  );
});

test('any text in their place gives an inventory or an error, never a throw', async () => {
  const root = directory({ 'profiles/a.yaml': '' });
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      writeFileSync(join(root, 'profiles/a.yaml'), text);
      writeFileSync(join(root, 'machines'), text);
      const { inventory, diagnostics } = await load(root);
      assert.equal(
        inventory === undefined,
        diagnostics.some(({ severity }) => severity === 'error'),
      );
    }),
    { numRuns: 100 },
  );
});
