/**
 * UEFI's PXE client over IPv6, on a link without IPv4: another program's DHCPv6 server names our files, and everything comes
 * from here over IPv6, from the first program to the kernel.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GUEST_MARKER, prepareGuest } from '../lab/guest.ts';
import { startMachine } from '../lab/machine.ts';
import { openRack, startDnsmasq } from '../lab/rack.ts';
import { BOOT_DEADLINE, NODE, sceneSetup } from '../lab/scene.ts';
import { startServer } from '../lab/server.ts';
import { NAMED } from './site.ts';

const SERVER = 'fd00:77::1';
const SCRIPT = `ipxe/${NODE.mac.replaceAll(':', '-')}.ipxe`;

/** How iPXE goes on, and what it fetches: `/ipxe` answers with a script that asks again for the machine's own. */
const WAYS = {
  tftp: { script: `tftp://[${SERVER}]/${SCRIPT}`, files: [SCRIPT, 'vmlinuz', 'guest.cpio'] },
  http: { script: `http://[${SERVER}]:8080/ipxe`, files: ['ipxe', 'ipxe', 'vmlinuz', 'guest.cpio'] },
} as const;

/** A router, addresses, and boot file URLs (RFC 5970): the first program for firmware, a script for iPXE. */
const dhcpv6 = (script: string): string[] => [
  ...['--enable-ra', '--dhcp-range=fd00:77::100,fd00:77::1ff,64,1h', '--dhcp-userclass=set:ipxe,iPXE'],
  `--dhcp-option=tag:!ipxe,option6:bootfile-url,tftp://[${SERVER}]/snponly.efi`,
  `--dhcp-option=tag:ipxe,option6:bootfile-url,${script}`,
];

async function boot(way: keyof typeof WAYS): Promise<void> {
  const { script, files } = WAYS[way];
  const rack = openRack();
  try {
    rack.server.runSync('ip', '-4', 'address', 'flush', 'dev', 'eth0');
    rack.lab.address(rack.server, 'eth0', `${SERVER}/64`);
    const setup = sceneSetup('proxy', prepareGuest());
    const config = { ...setup.config, dhcp: { mode: 'off' } };
    const server = await startServer(rack.server, { ...setup, config });
    await startDnsmasq(rack.host('dhcp6', 'fd00:77::d/64'), dhcpv6(script));
    const options = { inside: rack.wires, tap: rack.tap(), mac: NODE.mac };
    const machine = startMachine({ ...options, firmware: 'uefi-ipv6' });
    try {
      await machine.waitFor(new RegExp(GUEST_MARKER), BOOT_DEADLINE);
      const [, commandLine = ''] = await machine.waitFor(/^cmdline: (.*)$/, 10);
      assert.match(commandLine, NAMED);
    } finally {
      await machine.stop();
    }
    const sent = server.records.all.filter(({ kind, event }) => kind === 'transfer' && event === 'done');
    assert.deepEqual(
      sent.map(({ protocol, file, mac }) => [protocol, file, mac]),
      [['tftp', 'snponly.efi', NODE.mac], ...files.map((file) => [way, file, NODE.mac])],
    );
    for (const { client } of sent) assert.match(client ?? '', /^fd00:77::1[0-9a-f]{2}$/);
    await server.stop();
  } finally {
    await rack.close();
  }
}

test('UEFI PXE boots Linux over IPv6, all by TFTP', () => boot('tftp'));
test('the same, iPXE by HTTP', () => boot('http'));
