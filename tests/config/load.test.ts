import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { formatSubnet } from '../../src/values/ipv4.ts';
import { arbitraryFor } from '../yaml/arbitrary.ts';

const root = mkdtempSync(join(tmpdir(), 'pl-config-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('without any file: safe defaults below the working directory', async () => {
  const { config, diagnostics } = await loadConfig(undefined, '/nowhere/at/all');
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(config, {
    file: undefined,
    interfaces: undefined,
    serverAddress: undefined,
    dhcp: { mode: 'proxy', authoritative: true, conflictCheck: 'off', subnets: [], overload: false },
    boot: { routerHint: 'auto', loop: { times: 3, within: 120_000 } },
    quirks: [],
    limits: { clientRate: 10, offers: 65_536 },
    tftp: {
      root: '/nowhere/at/all/tftpboot',
      search: ['/usr/lib/ipxe'],
      transferPort: 0,
      maxBlockSize: undefined,
      maxWindow: 64,
      cache: 512 * 1024 * 1024,
      maxTransfers: 4096,
    },
    http: { port: 8080 },
    profiles: '/nowhere/at/all/profiles',
    machines: '/nowhere/at/all/machines',
    state: '/nowhere/at/all/state',
    log: { level: 'info' },
  });
});

test('paths are relative to the file, not to the working directory', async () => {
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/my.yaml'), 'tftp: { root: ../boot, search: [more] }\nstate: /var/lib/x\n');
  const { config } = await loadConfig('etc/my.yaml', root);
  assert.equal(config?.file, join(root, 'etc/my.yaml'));
  assert.equal(config.tftp.root, join(root, 'boot'));
  assert.deepEqual(config.tftp.search, [join(root, 'etc/more')]);
  assert.equal(config.profiles, join(root, 'etc/profiles'));
  assert.equal(config.state, '/var/lib/x');
});

test('T1 and T2 of the shortest lease are no zero, by which a client would renew without end', async () => {
  const subnets = 'subnets: [{ subnet: 10.0.0.0/24, leaseTime: 1s }]';
  writeFileSync(join(root, 'short.yaml'), `interfaces: [lo]\ndhcp: { mode: full, ${subnets} }\n`);
  const { config, diagnostics } = await loadConfig('short.yaml', root);
  assert.deepEqual(diagnostics, []);
  const [subnet] = config?.dhcp.subnets ?? [];
  assert.deepEqual([subnet?.renewTime, subnet?.rebindTime, subnet?.leaseTime], [1, 1, 1]);
});

const AMOUNTS = [
  ['1MB', 1_000_000],
  ['512MB', 512_000_000],
  ['512MiB', 536_870_912],
  ['2 GiB', 2_147_483_648],
  ['2048KiB', 2_097_152],
  ['5000kB', 5_000_000],
  ['1000GB', 1_000_000_000_000],
  ['999kB', undefined],
  ['1001GB', undefined],
  ['512', undefined],
  ['512mb', undefined],
  ['512KB', undefined],
  ['0.5GB', undefined],
  ['-1GB', undefined],
] as const;
for (const [written, bytes] of AMOUNTS) {
  test(`tftp.cache: ${written} is ${bytes === undefined ? 'refused' : `${bytes} bytes`}`, async () => {
    const name = `cache-${written.replace(' ', '_')}.yaml`;
    writeFileSync(join(root, name), `tftp: { cache: ${written} }\n`);
    const { config, diagnostics } = await loadConfig(name, root);
    assert.equal(config?.tftp.cache, bytes);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      bytes === undefined ? ['WRONG_TYPE'] : [],
    );
  });
}

test('subnets come by address, in whatever order they are written', async () => {
  const written = ['10.9.0.0/24', '192.168.0.0/24', '10.8.0.0/16'].map((each) => `{ subnet: ${each} }`);
  writeFileSync(
    join(root, 'unsorted.yaml'),
    `interfaces: [eth1]\ndhcp: { mode: full, subnets: [${written.join(', ')}] }\n`,
  );
  const { config } = await loadConfig('unsorted.yaml', root);
  const networks = config?.dhcp.subnets.map(({ subnet }) => formatSubnet(subnet));
  assert.deepEqual(networks, ['10.8.0.0/16', '10.9.0.0/24', '192.168.0.0/24']);
});

test('subnets of one link know a client by one identity: mac for one is mac for all', async () => {
  const subnets = [
    '{ subnet: 10.1.0.0/24, network: hall }',
    '{ subnet: 10.2.0.0/24, network: hall, clientIdentity: mac }',
    '{ subnet: 10.3.0.0/24, network: yard }',
    '{ subnet: 10.4.0.0/24 }',
    '{ subnet: 10.5.0.0/24, clientIdentity: mac }',
  ];
  writeFileSync(
    join(root, 'one-link.yaml'),
    `interfaces: [eth1]\ndhcp: { mode: full, subnets: [${subnets.join(', ')}] }\n`,
  );
  const { config } = await loadConfig('one-link.yaml', root);
  const identities = config?.dhcp.subnets.map(({ clientIdentity }) => clientIdentity);
  assert.deepEqual(identities, ['mac', 'mac', 'client-id', 'client-id', 'mac']);
});

test('a file that was named and is not there is an error', async () => {
  const { config, diagnostics } = await loadConfig('none.yaml', root);
  assert.equal(config, undefined);
  const [first] = diagnostics;
  assert.deepEqual([first?.code, first?.position], ['UNREADABLE', { file: 'none.yaml', line: 1, column: 1 }]);
});

test('a directory in place of the file is an error', async () => {
  const { config, diagnostics } = await loadConfig('.', root);
  assert.equal(config, undefined);
  assert.match(diagnostics[0]?.message ?? '', /it is a directory/);
});

test('a pilotlight.yaml that cannot be read is an error, not a reason for defaults', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'pl-config-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'pilotlight.yaml'));
  chmodSync(join(directory, 'pilotlight.yaml'), 0o700);
  const { config, diagnostics } = await loadConfig(undefined, directory);
  assert.equal(config, undefined);
  assert.equal(diagnostics[0]?.code, 'UNREADABLE');
});

test('the configuration is frozen all the way down', async () => {
  writeFileSync(
    join(root, 'full.yaml'),
    'interfaces: [eth1]\ndhcp: { mode: full, subnets: [{ subnet: 10.0.0.0/24, dns: 10.0.0.1 }] }\n',
  );
  const { config } = await loadConfig('full.yaml', root);
  const [subnet] = config?.dhcp.subnets ?? [];
  assert.ok(config !== undefined && subnet !== undefined);
  for (const part of [config, config.dhcp, config.dhcp.subnets, subnet, subnet.subnet, subnet.options]) {
    assert.ok(Object.isFrozen(part));
  }
  assert.throws(
    () => Reflect.apply(Map.prototype.set, subnet.options, []) && Reflect.get(subnet.options, 'set')(),
  );
});

test('anything that can stand in the file gives a configuration or an error, never a throw', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryFor(configSchema), async (value) => {
      writeFileSync(join(root, 'any.yaml'), JSON.stringify(value));
      const { config, diagnostics } = await loadConfig('any.yaml', root);
      const failed = diagnostics.some(({ severity }) => severity === 'error');
      assert.equal(config === undefined, failed);
    }),
    { numRuns: 100 },
  );
});

test('any text gives a configuration or an error, never a throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      writeFileSync(join(root, 'any.yaml'), text);
      const { config, diagnostics } = await loadConfig('any.yaml', root);
      assert.equal(
        config === undefined,
        diagnostics.some(({ severity }) => severity === 'error'),
      );
    }),
    { numRuns: 100 },
  );
});
