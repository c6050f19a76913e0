/** Whole probes in memory: who answers what, and what the probe says of it, firmware by firmware. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageType } from '../../src/dhcp/message.ts';
import { type ClientKind, discover } from '../../src/probe/client.ts';
import { nbp, pe } from './programs.ts';
import { client, play, reply, type Words, type World, XID } from './rig.ts';

const TFTP = 'tftp://10.77.0.1';
const SCRIPT = '#!ipxe\n';

/** A DHCP server that says nothing of booting, beside which a boot server stands. */
const PLAIN: Words = { server: '10.77.0.2', address: '10.77.0.50', router: '10.77.0.2', siaddr: '10.77.0.2' };
const LEASE: Words = { address: '10.77.0.50', router: '10.77.0.1', siaddr: '10.77.0.1' };
const PROXY: Words = { siaddr: '10.77.0.1', vendorClass: 'PXEClient' };
/** Sub-option 6 = 8: take this offer's file. */
const SKIP = '060108ff';
/** Type 0x8001 at 10.77.0.1, "Install", prompt of 10 s. */
const MENU = '0601070807800101 0a4d0001 090a8001 07496e7374616c6c 0a050a50786520 ff'.replaceAll(' ', '');
/** The disk first, then the installer. */
const DISK_FIRST = `0601070807800101 0a4d0001 0911 000004 4469736b 8001 07496e7374616c6c ff`.replaceAll(
  ' ',
  '',
);

interface Case {
  readonly as: ClientKind;
  readonly arch?: string;
  readonly world: World;
  readonly found: readonly string[];
  readonly fetched?: readonly string[];
}

const FILES = {
  [`${TFTP}/undionly.kpxe`]: nbp(),
  [`${TFTP}/lpxelinux.0`]: nbp(),
  [`${TFTP}/snponly.efi`]: pe(),
  [`${TFTP}/arm.efi`]: pe({ machine: 0xaa64 }),
  [`${TFTP}/boot.ipxe`]: `${SCRIPT}exit\n`,
  [`${TFTP}/empty`]: '',
  'http://10.77.0.1/boot.efi': pe(),
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const bios = (file: string): World => ({ offers: [{ ...LEASE, file }], files: FILES });
const uefi = bios;

const CASES: Readonly<Record<string, Case>> = {
  'nobody answers': { as: 'bios', world: {}, found: ['error NO_ANSWER'] },
  'one server for all, BIOS': {
    as: 'bios',
    world: bios('lpxelinux.0'),
    found: [],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'one server for all, UEFI': {
    as: 'uefi',
    world: uefi('snponly.efi'),
    found: [],
    fetched: [`${TFTP}/snponly.efi`],
  },
  'addresses only': { as: 'bios', world: { offers: [PLAIN] }, found: ['error NO_BOOT_FILE'] },
  'a boot server only': {
    as: 'bios',
    world: { offers: [{ ...PROXY, file: 'lpxelinux.0' }], files: FILES },
    found: ['error NO_ADDRESS'],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'a proxy beside a server, BIOS: its file': {
    as: 'bios',
    world: { offers: [PLAIN, { ...PROXY, file: 'lpxelinux.0', vendorOptions: SKIP }], files: FILES },
    found: [],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'a proxy beside a server, UEFI: port 4011': {
    as: 'uefi',
    world: {
      offers: [PLAIN, { ...PROXY, file: 'other.efi' }],
      port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'snponly.efi' } },
      files: FILES,
    },
    found: [],
    fetched: [`${TFTP}/snponly.efi`],
  },
  'port 4011 keeps silent': {
    as: 'uefi',
    world: { offers: [PLAIN, { ...PROXY, file: 'snponly.efi' }] },
    found: ['error PXE_PORT_SILENT'],
  },
  'port 4011 has no file': {
    as: 'uefi',
    world: { offers: [PLAIN, PROXY], port4011: { '10.77.0.1': { siaddr: '10.77.0.1' } } },
    found: ['error PXE_PORT_WITHOUT_FILE'],
  },
  'siaddr sends UEFI to the wrong port 4011': {
    as: 'uefi',
    world: {
      offers: [PLAIN, { ...PROXY, server: '10.77.0.1', siaddr: '10.77.0.3' }],
      port4011: { '10.77.0.1': { bootFile: 'snponly.efi' } },
    },
    found: ['error PXE_PORT_SILENT'],
  },
  'UEFI with discovery options takes the offer as it is': {
    as: 'uefi',
    world: { offers: [PLAIN, { ...PROXY, file: 'snponly.efi', vendorOptions: SKIP }], files: FILES },
    found: ['warning DISCOVERY_FOR_UEFI'],
    fetched: [`${TFTP}/snponly.efi`],
  },
  'a menu: its first item is asked for on port 4011': {
    as: 'bios',
    world: {
      offers: [PLAIN, { ...PROXY, vendorOptions: MENU }],
      port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'lpxelinux.0' } },
      files: FILES,
    },
    found: [],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'a menu that comes from port 4011, UEFI': {
    as: 'uefi',
    world: {
      offers: [PLAIN, PROXY],
      port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'snponly.efi', vendorOptions: MENU } },
      files: FILES,
    },
    found: [],
    fetched: [`${TFTP}/snponly.efi`],
  },
  'a menu that begins with the disk': {
    as: 'bios',
    world: { offers: [PLAIN, { ...PROXY, vendorOptions: DISK_FIRST }] },
    found: ['note LOCAL_BOOT'],
  },
  'a menu that waits for ever': {
    as: 'bios',
    world: {
      offers: [PLAIN, { ...PROXY, vendorOptions: MENU.replace('0a050a', '0a05ff') }],
      port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'lpxelinux.0' } },
      files: FILES,
    },
    found: ['warning MENU_WAITS'],
  },
  'an answer that cannot be read, and no other': {
    as: 'bios',
    world: { raw: [reply(discover(client('bios'), { xid: XID, secs: 0 }), LEASE).subarray(0, 245)] },
    found: ['warning MALFORMED_REPLY', 'error NO_ANSWER'],
  },
  'iPXE is given a TFTP server by name, without DNS': {
    as: 'ipxe',
    world: { offers: [{ ...LEASE, bootFile: 'tftp://boot.example/a' }] },
    found: ['error NO_DNS'],
  },
  'a second DHCP server': {
    as: 'bios',
    world: { offers: [{ ...LEASE, file: 'lpxelinux.0' }, PLAIN], files: FILES },
    found: ['warning SECOND_DHCP_SERVER'],
  },
  'one server that offers twice': {
    as: 'bios',
    world: {
      offers: [
        { ...LEASE, file: 'lpxelinux.0' },
        { ...LEASE, file: 'lpxelinux.0', address: '10.77.0.51' },
      ],
      files: FILES,
    },
    found: [],
  },
  'a second boot server': {
    as: 'bios',
    world: {
      offers: [
        PLAIN,
        { ...PROXY, file: 'lpxelinux.0', vendorOptions: SKIP },
        { ...PROXY, server: '10.77.0.3', siaddr: '10.77.0.3', file: 'other' },
      ],
      files: FILES,
    },
    found: ['warning SECOND_BOOT_SERVER'],
  },
  'a DHCP server that names a boot file beside a boot server': {
    as: 'bios',
    world: {
      offers: [
        { ...PLAIN, bootFile: 'old.0' },
        { ...PROXY, file: 'lpxelinux.0', vendorOptions: SKIP },
      ],
      files: FILES,
    },
    found: ['warning SECOND_BOOT_SERVER'],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  "a stranger's option 60, UEFI: port 4011 there is silent": {
    as: 'uefi',
    world: {
      offers: [
        { ...PLAIN, vendorClass: 'PXEClient' },
        { ...PROXY, file: 'snponly.efi' },
      ],
      port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'snponly.efi' } },
      files: FILES,
    },
    found: ['error STRANGER_CLASS'],
    fetched: [],
  },
  "a stranger's option 60, BIOS: boots all the same": {
    as: 'bios',
    world: {
      offers: [
        { ...PLAIN, vendorClass: 'PXEClient' },
        { ...PROXY, file: 'lpxelinux.0', vendorOptions: SKIP },
      ],
      files: FILES,
    },
    found: ['warning STRANGER_CLASS'],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'a full offer with option 60 and a file sends UEFI to port 4011': {
    as: 'uefi',
    world: { offers: [{ ...LEASE, file: 'snponly.efi', vendorClass: 'PXEClient' }], files: FILES },
    found: ['error STRANGER_CLASS'],
  },
  'siaddr is 0, and nobody is named': {
    as: 'bios',
    world: { offers: [{ ...LEASE, siaddr: '0.0.0.0', file: 'lpxelinux.0' }], files: FILES },
    found: ['error NO_SERVER'],
  },
  'siaddr is 0, and option 66 names a server': {
    as: 'bios',
    world: {
      offers: [{ ...LEASE, siaddr: '0.0.0.0', serverName: '10.77.0.1', bootFile: 'lpxelinux.0' }],
      files: FILES,
    },
    found: [],
  },
  'siaddr is 0, UEFI asks the DHCP server': {
    as: 'uefi',
    world: { offers: [{ ...LEASE, siaddr: '0.0.0.0', bootFile: 'snponly.efi' }], files: FILES },
    found: [],
    fetched: [`${TFTP}/snponly.efi`],
  },
  'siaddr and option 66 differ': {
    as: 'bios',
    world: { offers: [{ ...LEASE, serverName: '10.77.0.7', file: 'lpxelinux.0' }], files: FILES },
    found: ['warning SERVERS_DIFFER'],
  },
  'the header and option 67 differ': {
    as: 'bios',
    world: { offers: [{ ...LEASE, file: 'other', bootFile: 'lpxelinux.0' }], files: FILES },
    found: ['warning FILES_DIFFER'],
    fetched: [`${TFTP}/lpxelinux.0`],
  },
  'a name with a line end': {
    as: 'bios',
    world: { offers: [{ ...LEASE, bootFile: 'lpxelinux.0\r' }], files: FILES },
    found: ['error ODD_NAME', 'error FILE_NOT_FOUND'],
  },
  'no subnet mask': {
    as: 'bios',
    world: { offers: [{ ...LEASE, mask: '', file: 'lpxelinux.0' }], files: FILES },
    found: ['warning NO_MASK'],
  },
  'the boot server is elsewhere, and there is no router': {
    as: 'bios',
    world: {
      offers: [{ ...PLAIN, router: '', siaddr: '10.99.0.1', file: 'lpxelinux.0' }].map(
        ({ router: _, ...rest }) => rest,
      ),
      files: { 'tftp://10.99.0.1/lpxelinux.0': nbp() },
    },
    found: ['error NO_ROUTER'],
  },
  'an offer after UEFI has stopped waiting': {
    as: 'uefi',
    world: { offers: [{ ...LEASE, file: 'snponly.efi', after: 4200 }], files: FILES },
    found: ['warning LATE_OFFER'],
  },
  'UEFI is given a BIOS program': {
    as: 'uefi',
    world: uefi('undionly.kpxe'),
    found: ['error NOT_A_PROGRAM'],
  },
  'BIOS is given a UEFI program': {
    as: 'bios',
    world: bios('snponly.efi'),
    found: ['error WRONG_ARCHITECTURE'],
  },
  'x64 is given an ARM program': { as: 'uefi', world: uefi('arm.efi'), found: ['error WRONG_ARCHITECTURE'] },
  'ARM is given it': { as: 'uefi', arch: 'uefi-arm64', world: uefi('arm.efi'), found: [] },
  'firmware is given a script': { as: 'uefi', world: uefi('boot.ipxe'), found: ['error NOT_A_PROGRAM'] },
  'an empty file': { as: 'bios', world: bios('empty'), found: ['error EMPTY_FILE'] },
  'a file that is not there': { as: 'bios', world: bios('gone'), found: ['error FILE_NOT_FOUND'] },
  'a BIOS program that is too large': {
    as: 'bios',
    world: { offers: [{ ...LEASE, file: 'big' }], files: { [`${TFTP}/big`]: nbp(520 * 1024) } },
    found: ['error TOO_LARGE'],
  },
  'a server that does not tell the size, UEFI': {
    as: 'uefi',
    world: {
      offers: [{ ...LEASE, file: 'a' }],
      files: { [`${TFTP}/a`]: { head: pe(), received: { size: 1024, sha256: '' } } },
    },
    found: ['error NO_SIZE'],
  },
  'a file that is shorter than was told': {
    as: 'uefi',
    world: {
      offers: [{ ...LEASE, file: 'a' }],
      files: { [`${TFTP}/a`]: { head: pe(), announced: 2000, received: { size: 1024, sha256: '' } } },
    },
    found: ['error SIZE_DIFFERS'],
  },
  'TFTP is silent': {
    as: 'bios',
    world: {
      offers: [{ ...LEASE, file: 'a' }],
      files: { [`${TFTP}/a`]: { failure: { kind: 'silent', detail: '' } } },
    },
    found: ['error TFTP_SILENT'],
  },
  'TFTP refuses': {
    as: 'bios',
    world: {
      offers: [{ ...LEASE, file: 'a' }],
      files: { [`${TFTP}/a`]: { failure: { kind: 'refused', detail: 'Access violation' } } },
    },
    found: ['error TFTP_REFUSED'],
  },
  'firmware is given a URL': {
    as: 'uefi',
    world: { offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/boot.efi' }], files: FILES },
    found: ['error URL_FOR_PXE'],
  },
  'HTTP Boot': {
    as: 'http',
    world: {
      offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/boot.efi', vendorClass: 'HTTPClient' }],
      files: FILES,
    },
    found: [],
    fetched: ['http://10.77.0.1/boot.efi'],
  },
  'HTTP Boot by a proxy': {
    as: 'http',
    world: {
      offers: [PLAIN, { bootFile: 'http://10.77.0.1/boot.efi', vendorClass: 'HTTPClient' }],
      files: FILES,
    },
    found: [],
  },
  'HTTP Boot without the class': {
    as: 'http',
    world: { offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/boot.efi' }], files: FILES },
    found: ['error NOT_HTTP_CLASS'],
  },
  'HTTP Boot with a TFTP name': {
    as: 'http',
    world: { offers: [{ ...LEASE, bootFile: 'snponly.efi', vendorClass: 'HTTPClient' }], files: FILES },
    found: ['error NOT_A_URL'],
  },
  'HTTP Boot by name, without DNS': {
    as: 'http',
    world: { offers: [{ ...LEASE, bootFile: 'http://boot.example/a.efi', vendorClass: 'HTTPClient' }] },
    found: ['error NO_DNS'],
    fetched: [],
  },
  'HTTP Boot by name, with DNS': {
    as: 'http',
    world: {
      offers: [
        { ...LEASE, dns: '10.77.0.1', bootFile: 'http://boot.example/a.efi', vendorClass: 'HTTPClient' },
      ],
      files: { 'http://boot.example/a.efi': pe() },
    },
    found: [],
  },
  'HTTP Boot is sent elsewhere': {
    as: 'http',
    world: {
      offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/old', vendorClass: 'HTTPClient' }],
      files: { ...FILES, 'http://10.77.0.1/old': { failure: { kind: 'redirect', detail: '/boot.efi' } } },
    },
    found: ['warning REDIRECTED'],
  },
  'a page instead of a program': {
    as: 'http',
    world: {
      offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/a', vendorClass: 'HTTPClient' }],
      files: { 'http://10.77.0.1/a': '<!DOCTYPE html><html>' },
    },
    found: ['error NOT_A_PROGRAM'],
  },
  'an HTTP server that is not there': {
    as: 'http',
    world: {
      offers: [{ ...LEASE, bootFile: 'http://10.77.0.1/a', vendorClass: 'HTTPClient' }],
      files: { 'http://10.77.0.1/a': { failure: { kind: 'connect', detail: 'ECONNREFUSED' } } },
    },
    found: ['error HTTP_FAILED'],
  },
  'the boot file that is meant': {
    as: 'bios',
    world: { ...bios('lpxelinux.0'), sha256: sha256(nbp()) },
    found: [],
  },
  'another version of it': {
    as: 'bios',
    world: { ...bios('lpxelinux.0'), sha256: sha256(nbp(999)) },
    found: ['error DIGEST_DIFFERS'],
  },
  'iPXE gets its script': { as: 'ipxe', world: bios('boot.ipxe'), found: [] },
  'iPXE gets iPXE': { as: 'ipxe', world: bios('undionly.kpxe'), found: ['warning IPXE_AGAIN'] },
  'firmware gets iPXE': { as: 'bios', world: bios('undionly.kpxe'), found: ['note IPXE_NEXT'] },
  'iPXE prefers the proxy, unless it is told not to wait for one': {
    as: 'ipxe',
    world: {
      offers: [
        { ...LEASE, file: 'boot.ipxe', ipxe: 'b00101' },
        { ...PROXY, server: '10.77.0.3', file: 'gone' },
      ],
      files: FILES,
    },
    found: ['warning SECOND_BOOT_SERVER'],
    fetched: [`${TFTP}/boot.ipxe`],
  },
  'iPXE takes a proxy over a file of the DHCP server': {
    as: 'ipxe',
    world: {
      offers: [
        { ...LEASE, file: 'gone' },
        { ...PROXY, file: 'boot.ipxe' },
      ],
      files: FILES,
    },
    found: [],
    fetched: [`${TFTP}/boot.ipxe`],
  },
  'iPXE is given what nobody can look at': {
    as: 'ipxe',
    world: bios('iscsi:10.77.0.1::::iqn.2026-11.example:disk'),
    found: ['error UNKNOWN_SCHEME'],
  },
  'no address of our own': {
    as: 'bios',
    world: { ...bios('lpxelinux.0'), own: '' },
    found: ['error NO_OWN_ADDRESS'],
    fetched: [],
  },
  'the server is this machine': {
    as: 'bios',
    world: { ...bios('lpxelinux.0'), own: '10.77.0.1' },
    found: ['note SAME_MACHINE'],
  },
};

for (const [name, { as, arch, world, found, fetched }] of Object.entries(CASES)) {
  test(name, async () => {
    const played = await play(client(as, arch), world);
    assert.deepEqual(played.found, found);
    if (fetched !== undefined) assert.deepEqual(played.fetched, fetched);
    assert.equal(played.report.ok, !found.some((each) => each.startsWith('error')));
    // What is said has to be a sentence that helps.
    for (const { message, hint } of played.report.findings)
      assert.ok(message.length > 10 && hint.length > 10);
  });
}

describe('it never takes a lease', () => {
  for (const kind of ['bios', 'uefi', 'http', 'ipxe'] as const) {
    test(`as ${kind}`, async () => {
      const { sent } = await play(client(kind), {
        offers: [PLAIN, PROXY],
        port4011: { '10.77.0.1': { siaddr: '10.77.0.1' } },
      });
      assert.ok(sent.length >= 2);
      for (const { to, packet } of sent) {
        if (to === 'everyone') assert.equal(messageType(packet), 'DISCOVER');
        else assert.equal(packet.options.has(OPTION.REQUESTED_ADDRESS), false);
      }
    });
  }
});

test('the item that was chosen from the menu is asked for', async () => {
  const { sent } = await play(client('bios'), { offers: [PLAIN, { ...PROXY, vendorOptions: MENU }] });
  const asked = sent.find(({ to }) => to !== 'everyone');
  assert.equal(asked?.packet.options.get(OPTION.VENDOR_OPTIONS)?.toHex(), '470480010000ff');
});

test('a menu from port 4011 is chosen from, once', async () => {
  const { sent, report } = await play(client('uefi'), {
    offers: [PLAIN, PROXY],
    port4011: { '10.77.0.1': { siaddr: '10.77.0.1', bootFile: 'snponly.efi', vendorOptions: MENU } },
  });
  const asked = sent
    .filter(({ to }) => to !== 'everyone')
    .map(({ packet }) => packet.options.get(OPTION.VENDOR_OPTIONS));
  assert.deepEqual(
    asked.map((bytes) => bytes?.toHex()),
    [undefined, '470480010000ff'],
  );
  assert.deepEqual(report.port4011?.menu, ['Install']);
});

test('what a server may not write on a terminal is spelled out', async () => {
  const { report } = await play(client('bios'), {
    offers: [{ ...LEASE, bootFile: '\x1b[2Jgone' }],
    files: {},
  });
  assert.equal(report.offers[0]?.bootFile, '\\x1b[2Jgone');
  assert.ok(!JSON.stringify(report.steps).includes('\\u001b'));
});
