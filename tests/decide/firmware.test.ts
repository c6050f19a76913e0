/** What firmware other than PXE's two usual kinds is told, and how each is sent to its disk. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { type Arrival, factsOf } from '../../src/boot/facts.ts';
import type { Mode } from '../../src/config/model.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Decision, Question, World } from '../../src/decide/decision.ts';
import { type Description, imagine } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { textToNul } from '../../src/dhcp/wiretext.ts';
import type { BootMethod, Profile } from '../../src/profiles/model.ts';
import { fromHex } from '../dhcp/hex.ts';
import { ip } from '../leases/rules.ts';
import { kernelBoot, profile, world } from './world.ts';

const AT = { nic: 'eth1', localAddress: ip('10.11.11.1') };
const UBOOT = { vendorClass: 'U-Boot.armv8' };
const PI = { mac: 'dc:a6:32:01:02:03' };

/** Which of the options about booting are there, and what they say. */
function told(decision: Decision): string {
  if (decision.kind === 'ignore') return decision.code;
  const { options, bootFile, siaddr } = decision;
  const text = (code: number) => textToNul(options.get(code) ?? new Uint8Array());
  return [
    decision.type ?? 'BOOTP',
    ...(siaddr === 0 ? [] : ['next']),
    ...(bootFile === undefined ? [] : [bootFile]),
    ...(options.has(OPTION.VENDOR_CLASS) ? [`60=${text(OPTION.VENDOR_CLASS)}`] : []),
    ...(options.has(OPTION.VENDOR_OPTIONS) ? [`43=${menuOf(options.get(OPTION.VENDOR_OPTIONS))}`] : []),
    ...(options.has(OPTION.TFTP_SERVER_NAME) ? ['66'] : []),
  ].join(' ');
}

/** Option 43 of one item, as the title that the client would show; else in hex. */
function menuOf(bytes: Uint8Array | undefined): string {
  const hex = bytes?.toHex() ?? '';
  const title = /09[0-9a-f]{2}0000[0-9a-f]{2}((?:[0-9a-f]{2})+)ff$/.exec(hex)?.[1];
  return title === undefined ? hex : `local "${Buffer.from(title, 'hex').toString()}"`;
}

const ask = (client: Description, where: World): string => told(decide(imagine(client, AT), where));
const boots = (mode: Mode, boot: BootMethod, more: Partial<Profile> = {}): World =>
  world(mode, [profile('p', { boot, ...more })]);

describe('boot.local, to bare firmware', () => {
  const LOCAL: BootMethod = { kind: 'local' };
  const IPXE = 'http://10.11.11.1:8080/boot/snponly.efi';
  const cases: [mode: Mode, client: Description, gives: string][] = [
    ['full', { arch: 'bios' }, 'OFFER 60=PXEClient 43=local "Local disk"'],
    ['full', { arch: 'uefi-x64' }, 'OFFER 60=PXEClient 43=local "Local disk"'],
    ['full', { arch: 'uefi-x64-http' }, `OFFER next ${IPXE} 60=HTTPClient 66`],
    ['full', UBOOT, 'OFFER'],
    ['proxy', { arch: 'bios' }, 'OFFER next 60=PXEClient 43=local "Local disk"'],
    ['proxy', { arch: 'uefi-x64' }, 'OFFER next 60=PXEClient 43=local "Local disk"'],
    ['proxy', { arch: 'uefi-x64-http' }, `OFFER next ${IPXE} 60=HTTPClient 66`],
    ['proxy', { arch: 'uefi-riscv32-http' }, 'NOTHING_TO_BOOT'],
    ['proxy', UBOOT, 'NOT_BOOTING'],
    // The menu is what it looks for, so it gets none.
    ['proxy', PI, 'NOTHING_TO_BOOT'],
    ['full', PI, 'OFFER'],
  ];
  for (const [mode, client, gives] of cases) {
    test(`${mode}: ${JSON.stringify(client)}`, () => assert.equal(ask(client, boots(mode, LOCAL)), gives));
  }
  test('an iPXE that must chain ours to boot a kernel goes to the disk by itself', () => {
    const poor = {
      name: 'q',
      match: {},
      adjust: { chainIpxe: true, firmware: 'ipxe.pxe' },
      evidence: 'test',
    };
    const client = { arch: 'bios', ipxe: true, mac: '52:54:00:aa:00:01' };
    const asks = (boot: BootMethod) => ask(client, { ...boots('full', boot), quirks: [poor] });
    assert.match(asks(LOCAL), /^OFFER next http:\/\/10\.11\.11\.1:8080\/ipxe\?/);
    assert.match(asks(kernelBoot()), /^OFFER next ipxe\.pxe/);
  });
  test('a quirk can make it silence', () => {
    const quiet = { name: 'q', match: {}, adjust: { localBoot: 'silence' as const }, evidence: 'test' };
    assert.equal(ask({ arch: 'bios' }, { ...boots('full', LOCAL), quirks: [quiet] }), 'OFFER');
    assert.equal(ask({ arch: 'bios' }, { ...boots('proxy', LOCAL), quirks: [quiet] }), 'NOTHING_TO_BOOT');
  });
});

describe('boot: none', () => {
  const NONE: BootMethod = { kind: 'none' };
  for (const mode of ['full', 'proxy'] as const) {
    for (const client of [
      { arch: 'bios' },
      { arch: 'uefi-x64' },
      { arch: 'uefi-x64-http' },
      { ipxe: true },
      UBOOT,
      PI,
    ]) {
      test(`${mode}: ${JSON.stringify(client)} is not answered`, () => {
        assert.equal(ask(client, boots(mode, NONE)), 'NOT_TO_BOOT');
      });
    }
  }
  test('the installed system gets its address', () => {
    assert.equal(ask({ vendorClass: 'MSFT 5.0' }, boots('full', NONE)), 'OFFER');
  });
});

describe('Raspberry Pi and U-Boot', () => {
  const KERNEL = kernelBoot();
  const file = (files: Partial<Record<Arch | 'default', string>>): BootMethod => ({
    kind: 'file',
    byArch: new Map(Object.entries(files) as [Arch | 'default', string][]),
  });
  const MENU = '60=PXEClient 43=local "Raspberry Pi Boot"';
  const cases: [
    name: string,
    mode: Mode,
    client: Description,
    boot: BootMethod,
    more: Partial<Profile>,
    gives: string,
  ][] = [
    ['a Pi finds its files by itself', 'full', PI, KERNEL, {}, `OFFER next ${MENU} 66`],
    ['beside another server too', 'proxy', PI, KERNEL, {}, `OFFER next ${MENU} 66`],
    [
      'a program for BIOS is none for a Pi',
      'proxy',
      PI,
      file({ bios: 'lpxelinux.0' }),
      {},
      `OFFER next ${MENU} 66`,
    ],
    [
      'a Pi 3 takes bootcode.bin by name',
      'proxy',
      PI,
      file({ 'arm-rpiboot': 'bootcode.bin' }),
      {},
      `OFFER next bootcode.bin ${MENU} 66`,
    ],
    ['U-Boot learns where the files are', 'full', UBOOT, KERNEL, {}, 'OFFER next 66'],
    [
      'and is told a program that is for it',
      'full',
      UBOOT,
      file({ 'uboot-arm64': 'boot.scr.uimg' }),
      {},
      'OFFER next boot.scr.uimg 66',
    ],
    [
      'also as its first stage',
      'full',
      UBOOT,
      KERNEL,
      { firmware: new Map([['uboot-arm64', 'boot.scr.uimg']]) },
      'OFFER next boot.scr.uimg 66',
    ],
    ["U-Boot's UEFI is UEFI", 'full', { arch: 'uefi-arm64' }, KERNEL, {}, 'OFFER next snponly-arm64.efi 66'],
  ];
  for (const [name, mode, client, boot, more, gives] of cases) {
    test(name, () => assert.equal(ask(client, boots(mode, boot, more)), gives));
  }
});

test('PXE clients are told their UUID back, as PXE 2.1 has it; UEFI HTTP Boot is not', () => {
  const uuid = '8a1b3c5d-0000-4000-8000-52540000aa01';
  for (const mode of ['full', 'proxy'] as const) {
    const echoed = (arch: string): boolean => {
      const decision = decide(imagine({ arch, uuid }, AT), boots(mode, kernelBoot()));
      return decision.kind === 'reply' && decision.options.has(OPTION.CLIENT_UUID);
    };
    assert.deepEqual(['bios', 'uefi-x64', 'uefi-x64-http'].map(echoed), [true, true, false]);
  }
});

test("firmware with its vendor's own class gets that class back", () => {
  const client = { vendorClass: 'HW-Client:Arch:00000:UNDI:002001' };
  assert.equal(
    ask(client, boots('proxy', kernelBoot())),
    'OFFER next undionly.kpxe 60=HW-Client 43=060108ff 66',
  );
});

describe('packets of firmware that nobody has here', () => {
  const arrival = (port: number): Arrival => ({
    ...AT,
    port,
    source: port === 4011 ? ip('10.11.11.50') : 0,
    sourcePort: 68,
    destination: 0xffff_ffff,
  });
  function question(name: string): Question {
    const hex = readFileSync(join(import.meta.dirname, `../golden/described/${name}.hex`), 'utf8');
    const packet = decodePacket(fromHex(hex));
    if (isMalformed(packet)) throw new Error(packet.detail);
    const facts = factsOf(packet, arrival(name.includes('4011') ? 4011 : 67));
    return { facts, uuid: packet.options.get(OPTION.CLIENT_UUID) };
  }
  const MENU = '60=PXEClient 43=local "Raspberry Pi Boot"';
  const cases: Record<string, [stage: string, arch: string, full: string, proxy: string]> = {
    'raspberry-pi-3.discover': ['rpi', 'arm-rpiboot', `OFFER next ${MENU} 66`, `OFFER next ${MENU} 66`],
    'raspberry-pi-4.discover': ['rpi', 'arm-rpiboot', `OFFER next ${MENU} 66`, `OFFER next ${MENU} 66`],
    // Its relay is of a network that is not configured.
    'raspberry-pi-5.discover-relayed': ['rpi', 'arm-rpiboot', 'NO_SUBNET', `OFFER next ${MENU} 66`],
    'u-boot-armv7-of-2015.discover': ['uboot', 'uboot-arm32', 'OFFER next 66', 'NOT_BOOTING'],
    'intel-undi.discover': [
      'rom',
      'bios',
      'OFFER next undionly.kpxe 66',
      'OFFER next undionly.kpxe 60=PXEClient 43=060108ff 66',
    ],
    'intel-undi.request': ['rom', 'bios', 'UNKNOWN_CLIENT', 'NOT_OURS'],
    'intel-undi.4011-request': [
      'rom',
      'bios',
      'ACK next undionly.kpxe 60=PXEClient 43=060108ff 66',
      'ACK next undionly.kpxe 60=PXEClient 43=060108ff 66',
    ],
    'intel-nuc-uefi.discover': [
      'rom',
      'uefi-x64',
      'OFFER next snponly.efi 66',
      'OFFER next snponly.efi 60=PXEClient 66',
    ],
  };
  for (const [name, [stage, arch, full, proxy]] of Object.entries(cases)) {
    test(name, () => {
      const asked = question(name);
      assert.deepEqual([asked.facts.stage, asked.facts.arch], [stage, arch]);
      assert.equal(told(decide(asked, world('full', [profile('p')]))), full);
      assert.equal(told(decide(asked, world('proxy', [profile('p')]))), proxy);
    });
  }
});
