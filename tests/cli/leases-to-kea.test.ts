/** `pilotlight leases export` as a real Kea takes it over. Needs root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { FOREVER } from '../../src/leases/allocate.ts';
import { openOfflineLeases } from '../../src/leases/offline.ts';
import type { Binding } from '../../src/leases/store.ts';
import { FOREIGN, type ForeignServer, startForeign } from '../dialects/foreign.ts';
import { type Lab, openLab } from '../lab/netns.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { binding } from '../leases/rules.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

const CONFIG = `interfaces: [lo]
dhcp:
  mode: full
  subnets:
    - { subnet: 10.77.0.0/24, pools: [10.77.0.50-10.77.0.99] }
    - { subnet: 10.78.0.0/24, pools: [10.78.0.50-10.78.0.99] }
`;

const keaOf = (folder: string): ForeignServer => ({
  ...FOREIGN.kea,
  configure: (leases) =>
    JSON.stringify({
      Dhcp4: {
        'interfaces-config': { interfaces: ['eth0'] },
        'control-socket': { 'socket-type': 'unix', 'socket-name': join(folder, 'kea') },
        'lease-database': { type: 'memfile', persist: true, name: leases, 'lfc-interval': 0 },
        'hooks-libraries': [{ library: globSync('/usr/lib/*/kea/hooks/libdhcp_lease_cmds.so')[0] }],
        subnet4: [
          { id: 1, subnet: '10.77.0.0/24', pools: [{ pool: '10.77.0.50-10.77.0.99' }] },
          { id: 2, subnet: '10.78.0.0/24', pools: [{ pool: '10.78.0.50-10.78.0.99' }] },
        ],
        loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
      },
    }),
});

interface KeaLease {
  readonly 'ip-address': string;
  readonly 'hw-address': string;
  readonly 'client-id'?: string;
  readonly hostname: string;
  readonly state: number;
  readonly 'subnet-id': number;
  readonly 'valid-lft': number;
  readonly cltt: number;
}

async function leasesOf(folder: string): Promise<readonly KeaLease[]> {
  const socket = connect(join(folder, 'kea'));
  socket.write(JSON.stringify({ command: 'lease4-get-all' }));
  return JSON.parse(await text(socket)).arguments.leases;
}

let lab: Lab;
let scratch: Scratch;
before(() => {
  lab = openLab();
  scratch = makeScratch('kea');
});
after(async () => {
  await lab.close();
  scratch.remove();
});

test('every lease is one of Kea’s, whatever its client calls itself', async () => {
  const folder = scratch.path;
  const soon = Math.floor(Date.now() / 1000) * 1000 + 3_600_000;
  const lease = (host: number, more: Partial<Binding>): Binding => {
    const mac = `52:54:00:00:00:${host}`;
    return binding(`10.77.0.${host}`, `mac:${mac}`, {
      mac,
      expiresAt: soon,
      touchedAt: soon - 7_200_000,
      ...more,
    });
  };
  const stored: readonly Binding[] = [
    lease(50, { clientId: '01525400000050', hostname: 'node1,rack' }),
    lease(51, { hostname: 'a&#x2cb' }),
    lease(52, { identity: 'declined', state: 'declined' }),
    lease(53, { state: 'released', expiresAt: soon - 3_600_000 }),
    lease(54, { expiresAt: FOREVER }),
    lease(55, { mac: '', clientId: 'ff00aabb', identity: 'id:ff00aabb' }),
    lease(56, { clientId: '00' }),
    lease(57, { clientId: 'ab'.repeat(128) }),
    lease(58, { clientId: 'ab'.repeat(129) }),
    lease(59, { mac: '80:00:02:08:fe:80:00:00:01:02:03:04:05:06:07:08' }),
    { ...lease(60, {}), ip: lease(60, {}).ip + 0x1_0000 },
  ];
  writeFileSync(join(folder, 'pilotlight.yaml'), CONFIG);
  const state = openOfflineLeases(join(folder, 'state'));
  state.write(stored);
  state.close();
  const exported = execFileSync(LAUNCHER, ['leases', 'export'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  writeFileSync(join(folder, 'leases.csv'), exported);

  const inside = lab.namespace('kea');
  lab.veth({ in: inside, nic: 'eth0' }, { in: inside, nic: 'eth1' });
  lab.address(inside, 'eth0', '10.77.0.1/24');
  const kea = await startForeign(inside, keaOf(folder), join(folder, 'leases.csv'), folder);
  const taken = await leasesOf(folder);
  await kea.stop();

  const told = (each: KeaLease): readonly unknown[] => [
    each['ip-address'],
    each['hw-address'],
    each['client-id'] ?? '',
    each.hostname,
    each.state,
    each['subnet-id'],
    each['valid-lft'] === 0xffff_ffff ? 'for ever' : each.cltt + each['valid-lft'] - soon / 1000,
  ];
  const mac = (host: number): string => `52:54:00:00:00:${host}`;
  assert.deepEqual(taken.map(told), [
    ['10.77.0.50', mac(50), '01:52:54:00:00:00:50', 'node1,rack', 0, 1, 0],
    ['10.77.0.51', mac(51), '', 'a&#x2cb', 0, 1, 0],
    ['10.77.0.52', '', '', '', 1, 1, 0],
    ['10.77.0.53', mac(53), '', '', 0, 1, -3600],
    ['10.77.0.54', mac(54), '', '', 0, 1, 'for ever'],
    ['10.77.0.55', '', 'ff:00:aa:bb', '', 0, 1, 0],
    ['10.77.0.56', mac(56), '', '', 0, 1, 0],
    ['10.77.0.57', mac(57), Array(128).fill('ab').join(':'), '', 0, 1, 0],
    ['10.77.0.58', mac(58), '', '', 0, 1, 0],
    ['10.77.0.59', '80:00:02:08:fe:80:00:00:01:02:03:04:05:06:07:08', '', '', 0, 1, 0],
    ['10.78.0.60', mac(60), '', '', 0, 2, 0],
  ]);
});
