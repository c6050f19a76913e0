/** boot.menu as each firmware meets it: PXE 2.1's menus, the way that EDK2 takes them, and iPXE's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { type Arrival, factsOf } from '../../src/boot/facts.ts';
import { KNOWN_QUIRKS } from '../../src/boot/known-quirks.ts';
import { decide } from '../../src/decide/decide.ts';
import type { World } from '../../src/decide/decision.ts';
import { type Description, imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageTypeBytes } from '../../src/dhcp/message.ts';
import type { PxeBootItem } from '../../src/dhcp/pxe.ts';
import { decodePxeOptions } from '../../src/dhcp/pxe.ts';
import { textToNul } from '../../src/dhcp/wiretext.ts';
import type { BootMenu, MenuItem, Profile } from '../../src/profiles/model.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { ip } from '../leases/rules.ts';
import { profile, world } from './world.ts';

const program = (bios: string | undefined, uefi: string | undefined): MenuItem['boot'] => ({
  kind: 'file',
  byArch: new Map<Arch, string>([
    ...(bios === undefined ? [] : [['bios', bios] as const]),
    ...(uefi === undefined ? [] : [['uefi-x64', uefi] as const]),
  ]),
});

const PROGRAMS: BootMenu = {
  prompt: 'F8',
  timeout: 10,
  items: [
    { title: 'Installer', boot: program('lpxelinux.0', 'shimx64.efi') },
    { title: 'Memory test', boot: program('memtest.0', undefined) },
    { title: 'Disk', boot: { kind: 'local' } },
  ],
};

const LINUX: MenuItem['boot'] = { kind: 'script', file: 'linux.ipxe' };

const MIXED: BootMenu = { ...PROGRAMS, items: [{ title: 'Linux', boot: LINUX }, ...PROGRAMS.items] };

const menuProfile = (menu: BootMenu, more: Partial<Profile> = {}) =>
  profile('p', { boot: { kind: 'menu', menu }, ...more });

function inMode(mode: 'full' | 'proxy', menu: BootMenu, more?: Partial<Profile>): World {
  return { ...world(mode, [menuProfile(menu, more)]), quirks: KNOWN_QUIRKS };
}

interface Asks extends Description {
  readonly port?: number;
  readonly item?: PxeBootItem;
}

/** What is told, in one line: type, file, class, and option 43 as words. */
function told({ port = 67, item, ...client }: Asks, where: World): string {
  const arrival: Arrival = {
    nic: 'eth1',
    localAddress: ip('10.11.11.1'),
    port,
    source: port === 4011 ? ip('10.11.11.77') : 0,
    sourcePort: port === 4011 ? 4011 : 68,
    destination: port === 4011 ? ip('10.11.11.1') : 0xffff_ffff,
  };
  const packet = imaginePacket({ mac: '52:54:00:aa:00:01', ...client });
  const kind = messageTypeBytes(port === 4011 ? 'REQUEST' : 'DISCOVER');
  const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, kind);
  const facts = factsOf({ ...packet, options }, arrival);
  const decision = decide({ facts, uuid: undefined, bootItem: item }, where);
  if (decision.kind === 'ignore') return `ignore ${decision.code}: ${decision.reason}`;
  const vendor = decision.options.get(OPTION.VENDOR_OPTIONS);
  const pxe = vendor === undefined ? undefined : decodePxeOptions(vendor);
  const inVendor =
    pxe?.prompt === undefined
      ? vendor?.toHex()
      : `menu "${pxe.prompt.text}" ${pxe.prompt.seconds} at ${formatIpv4(pxe.servers[0]?.addresses[0] ?? 0)}: ${pxe.menu
          .map(({ type, title }) => `${type.toString(16)}=${title}`)
          .join(', ')}`;
  const parts = [
    decision.type,
    decision.bootFile,
    textToNul(decision.options.get(OPTION.VENDOR_CLASS) ?? new Uint8Array()),
  ];
  return [...parts, inVendor ?? 'no 43'].filter((part) => part !== '').join(' | ');
}

const BIOS_MENU = 'menu "F8" 10 at 10.11.11.1: 8000=Installer, 8001=Memory test, 0=Disk';
const UEFI_MENU = 'menu "F8" 10 at 10.11.11.1: 8000=Installer, 0=Disk';
const SCRIPT = 'http://10.11.11.1:8080/ipxe?mac=52:54:00:aa:00:01';

describe('a menu of programs is shown by firmware', () => {
  const cases: Record<string, [mode: 'full' | 'proxy', asks: Asks, gives: string, more?: Partial<Profile>]> =
    {
      'BIOS, full': ['full', { arch: 'bios' }, `OFFER | lpxelinux.0 | PXEClient | ${BIOS_MENU}`],
      'BIOS, proxy': ['proxy', { arch: 'bios' }, `OFFER | lpxelinux.0 | PXEClient | ${BIOS_MENU}`],
      'UEFI, full: only what this firmware can boot': [
        'full',
        { arch: 'uefi-x64' },
        `OFFER | shimx64.efi | PXEClient | ${UEFI_MENU}`,
      ],
      'UEFI, proxy: the offer leads to port 4011': [
        'proxy',
        { arch: 'uefi-x64' },
        'OFFER | shimx64.efi | PXEClient | no 43',
      ],
      'UEFI, proxy: and there the menu is': [
        'proxy',
        { arch: 'uefi-x64', port: 4011 },
        `ACK | shimx64.efi | PXEClient | ${UEFI_MENU}`,
      ],
      'UEFI, proxy, uefiProxy: discovery: at once in the offer': [
        'proxy',
        { arch: 'uefi-x64' },
        `OFFER | shimx64.efi | PXEClient | ${UEFI_MENU}`,
        { uefiProxy: 'discovery' },
      ],
      'the choice, told back with its file': [
        'proxy',
        { arch: 'bios', port: 4011, item: { type: 0x8001, layer: 0 } },
        'ACK | memtest.0 | PXEClient | 060108470480010000ff',
      ],
      'the same on UEFI, without the discovery control': [
        'proxy',
        { arch: 'uefi-x64', port: 4011, item: { type: 0x8000, layer: 0 } },
        'ACK | shimx64.efi | PXEClient | 470480000000ff',
      ],
      'full mode answers a choice too': [
        'full',
        { arch: 'bios', port: 4011, item: { type: 0x8000, layer: 0 } },
        'ACK | lpxelinux.0 | PXEClient | 060108470480000000ff',
      ],
      'a layer that asks for credentials comes back as it is': [
        'proxy',
        { arch: 'bios', port: 4011, item: { type: 0x8000, layer: 0x8000 } },
        'ACK | lpxelinux.0 | PXEClient | 060108470480008000ff',
      ],
      'an item that the menu has not': [
        'proxy',
        { arch: 'bios', port: 4011, item: { type: 0x8007, layer: 0 } },
        'ignore NOTHING_TO_BOOT: boot item 0x8007 is no program of the menu',
      ],
      'an item that this firmware was not shown': [
        'proxy',
        { arch: 'uefi-x64', port: 4011, item: { type: 0x8001, layer: 0 } },
        'ignore NOTHING_TO_BOOT: boot item 0x8001 is no program of the menu',
      ],
      'the disk is nothing to ask a server for': [
        'proxy',
        { arch: 'bios', port: 4011, item: { type: 0, layer: 0 } },
        'ignore NOTHING_TO_BOOT: boot item 0x0000 is no program of the menu',
      ],
    };
  for (const [name, [mode, asks, gives, more]] of Object.entries(cases)) {
    test(name, () => assert.equal(told(asks, inMode(mode, PROGRAMS, more)), gives));
  }

  test('one program left: it is booted, and no menu shown', () => {
    const menu = { ...PROGRAMS, items: PROGRAMS.items.slice(0, 2) };
    assert.equal(told({ arch: 'uefi-x64' }, inMode('full', menu)), 'OFFER | shimx64.efi | no 43');
  });

  test('only the disk left: firmware is sent there', () => {
    assert.match(told({ arch: 'uefi-ia32' }, inMode('full', PROGRAMS)), /Local disk/);
  });
});

describe('iPXE shows every other menu', () => {
  const cases: Record<string, [menu: BootMenu, asks: Asks, gives: string]> = {
    'firmware chains iPXE first, where an item is a kernel': [
      MIXED,
      { arch: 'bios' },
      'OFFER | undionly.kpxe | no 43',
    ],
    'UEFI too': [MIXED, { arch: 'uefi-x64' }, 'OFFER | snponly.efi | no 43'],
    'UEFI HTTP Boot knows no menus': [
      PROGRAMS,
      { arch: 'uefi-x64-http' },
      'OFFER | http://10.11.11.1:8080/boot/snponly.efi | HTTPClient | no 43',
    ],
    'iPXE itself': [PROGRAMS, { arch: 'bios', ipxe: true }, `OFFER | ${SCRIPT}&arch=bios | no 43`],
  };
  for (const [name, [menu, asks, gives]] of Object.entries(cases)) {
    test(name, () => assert.equal(told(asks, inMode('full', menu)), gives));
  }
});

test('a boot server request without any menu is answered, and its item told back', () => {
  const plain = { ...world('proxy', [profile('p')]), quirks: KNOWN_QUIRKS };
  const item = { type: 0x8000, layer: 0 };
  assert.equal(
    told({ arch: 'bios', port: 4011, item }, plain),
    'ACK | undionly.kpxe | PXEClient | 060108470480000000ff',
  );
  assert.equal(
    told({ arch: 'bios', ipxe: true, port: 4011, item }, plain),
    `ACK | ${SCRIPT}&arch=bios | PXEClient | 470480000000ff`,
  );
});
